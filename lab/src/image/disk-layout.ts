/**
 * The target image as a disk: GPT with a BIOS boot partition, an EFI system partition and the root, so that the
 * same bytes boot on both firmwares. Pure: numbers and byte patches.
 */
export const sectorSize = 512
const mib = 1024 * 1024
const sectorsPerMib = mib / sectorSize

export interface Partition {
  name: string
  typeGuid: string
  startSector: number
  sectors: number
}

export interface DiskLayout {
  sizeBytes: number
  biosBoot: Partition
  esp: Partition
  root: Partition
}

/** Sizes in MiB. One MiB is kept free at each end for the two partition tables. */
export function createDiskLayout(rootMib: number): DiskLayout {
  // The smallest FAT32 has 65,525 clusters: 33 MiB with clusters of one sector.
  const espMib = 34
  const place = (name: string, typeGuid: string, startMib: number, sizeMib: number): Partition => ({
    name,
    typeGuid,
    startSector: startMib * sectorsPerMib,
    sectors: sizeMib * sectorsPerMib,
  })
  return {
    sizeBytes: (2 + espMib + rootMib + 1) * mib,
    biosBoot: place('bios', '21686148-6449-6E6F-744E-656564454649', 1, 1),
    esp: place('esp', 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', 2, espMib),
    root: place('root', '0FC63DAF-8483-4772-8E79-3D69D8477DE4', 2 + espMib, rootMib),
  }
}

/** The script that sfdisk(8) reads on its standard input. */
export function renderSfdiskScript(layout: DiskLayout): string {
  const lines = [layout.biosBoot, layout.esp, layout.root].map(
    (part) => `start=${part.startSector}, size=${part.sectors}, type=${part.typeGuid}, name=${part.name}`,
  )
  return `label: gpt\n${lines.join('\n')}\n`
}

/**
 * GRUB's boot sector, told where its core begins: the boot code is bytes 0 to 439 of the MBR, and the
 * core's first sector is a little-endian 64-bit number at 0x5c (grub-core/boot/i386/pc/boot.S).
 */
export function patchBootSector(bootImage: Uint8Array, coreSector: number): Uint8Array {
  const code = bootImage.slice(0, 440)
  new DataView(code.buffer).setBigUint64(0x5c, BigInt(coreSector), true)
  return code
}

/**
 * GRUB's core, told where its second sector is: the block list at the end of its first sector begins with a
 * little-endian 64-bit sector number at 0x1f4 (grub-core/boot/i386/pc/diskboot.S).
 * @throws RangeError when it does not fit the BIOS boot partition.
 */
export function patchCore(core: Uint8Array, partition: Partition): Uint8Array {
  if (core.length > partition.sectors * sectorSize) {
    throw new RangeError(`GRUB's core of ${core.length} bytes does not fit the BIOS boot partition`)
  }
  const patched = core.slice()
  new DataView(patched.buffer).setBigUint64(0x1f4, BigInt(partition.startSector + 1), true)
  return patched
}
