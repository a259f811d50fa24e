import { expect, test } from 'vitest'
import { findSignature, signatureBytes } from './signature.ts'

function disk(...marks: [number, string][]): Uint8Array {
  const bytes = Buffer.alloc(signatureBytes)
  for (const [offset, text] of marks) bytes.write(text, offset, 'latin1')
  return bytes
}

test.each([
  ['gpt', disk([510, '\x55\xaa'], [450, '\xee'], [512, 'EFI PART'])],
  ['mbr', disk([446, '\x80'], [450, '\x83'], [510, '\x55\xaa'])],
  ['ext4', disk([0x438, '\x53\xef'])],
  ['xfs', disk([0, 'XFSB'])],
  ['btrfs', disk([0x10040, '_BHRfS_M'])],
  ['vfat', disk([0x52, 'FAT32   '], [510, '\x55\xaa'])],
  ['ntfs', disk([3, 'NTFS    '], [510, '\x55\xaa'])],
  ['lvm', disk([512, 'LABELONE'], [536, 'LVM2 001'])],
  ['md', disk([0x1000, '\xfc\x4e\x2b\xa9'])],
  ['swap', disk([4086, 'SWAPSPACE2'])],
  ['luks', disk([0, 'LUKS\xba\xbe'])],
  ['iso9660', disk([0x8001, 'CD001'])],
])('recognises %s', (name, bytes) => {
  expect(findSignature(bytes, 512)).toBe(name)
})

test('a GPT lies in the second logical block, whatever its size', () => {
  const bytes = disk([4096, 'EFI PART'])
  expect(findSignature(bytes, 4096)).toBe('gpt')
  expect(findSignature(bytes, 512)).toBeNull()
})

test('blank, boot code without partitions, and what is too short to tell', () => {
  expect(findSignature(disk(), 512)).toBeNull()
  expect(findSignature(disk([446, '\x12'], [510, '\x55\xaa']), 512)).toBeNull()
  expect(findSignature(new Uint8Array(100), 512)).toBeNull()
})
