/** Bytes from the start of a disk or partition that `findSignature` wants. */
export const signatureBytes = 72 * 1024

/** What lies on a disk or partition, by its magic numbers. */
export type Signature =
  | 'gpt'
  | 'mbr'
  | 'ext4'
  | 'xfs'
  | 'btrfs'
  | 'vfat'
  | 'ntfs'
  | 'swap'
  | 'luks'
  | 'lvm'
  | 'md'
  | 'zfs'
  | 'iso9660'

const magics: readonly [Signature, number, string][] = [
  ['luks', 0, 'LUKS\xba\xbe'],
  ['xfs', 0, 'XFSB'],
  ['btrfs', 0x10040, '_BHRfS_M'],
  ['ntfs', 3, 'NTFS    '],
  ['swap', 4086, 'SWAPSPACE2'],
  // Linux md superblocks 1.1 and 1.2, little-endian 0xa92b4efc.
  ['md', 0, '\xfc\x4e\x2b\xa9'],
  ['md', 0x1000, '\xfc\x4e\x2b\xa9'],
  ['ext4', 0x438, '\x53\xef'],
  ['iso9660', 0x8001, 'CD001'],
  ['zfs', 0x2000 + 0x10, 'version'],
]

/** Recognises partition tables and filesystems from the first `signatureBytes`. Null for a blank start. */
export function findSignature(bytes: Uint8Array, logicalBlockBytes: number): Signature | null {
  if (has(bytes, logicalBlockBytes, 'EFI PART')) return 'gpt'
  for (const [name, offset, magic] of magics) {
    if (has(bytes, offset, magic)) return name
  }
  for (let sector = 0; sector < 4; sector++) {
    if (has(bytes, sector * 512, 'LABELONE') && has(bytes, sector * 512 + 24, 'LVM2')) return 'lvm'
  }
  if (!has(bytes, 510, '\x55\xaa')) return null
  if (has(bytes, 0x36, 'FAT') || has(bytes, 0x52, 'FAT32')) return 'vfat'
  return hasPartitions(bytes) ? 'mbr' : null
}

/** An MBR is told from boot code by its entries: each boot flag is 0x00 or 0x80, and one has a type. */
function hasPartitions(bytes: Uint8Array): boolean {
  const entries = [0, 1, 2, 3].map((index) => bytes.subarray(446 + index * 16, 462 + index * 16))
  return entries.every((entry) => entry[0] === 0 || entry[0] === 0x80) && entries.some((entry) => entry[4])
}

function has(bytes: Uint8Array, offset: number, magic: string): boolean {
  if (offset + magic.length > bytes.length) return false
  for (let at = 0; at < magic.length; at++) if (bytes[offset + at] !== magic.charCodeAt(at)) return false
  return true
}
