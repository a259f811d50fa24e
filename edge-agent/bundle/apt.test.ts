import { expect, test } from 'vitest'
import { parseKernelPackage, parsePrintUris } from './apt.ts'

test('print-uris lines become packages, everything else is skipped', () => {
  const text = [
    'Reading package lists...',
    "'http://mirror.example/pool/main/k/kmod/kmod_30-1_amd64.deb' kmod_30-1_amd64.deb 95180 SHA256:00",
    "'http://mirror.example/pool/p/pci_3.9%3a-4_amd64.deb' libpci3_1%3a3.9.0-4_amd64.deb 67432 ",
  ].join('\n')
  expect(parsePrintUris(text).map(({ name, fileName, sizeBytes }) => [name, fileName, sizeBytes])).toEqual([
    ['kmod', 'kmod_30-1_amd64.deb', 95180],
    ['libpci3', 'libpci3_1%3a3.9.0-4_amd64.deb', 67432],
  ])
})

test('the kernel is the one versioned package that the meta package depends on', () => {
  expect(parseKernelPackage('linux-image-amd64\n  Depends: linux-image-6.1.0-56-amd64\n')).toBe(
    'linux-image-6.1.0-56-amd64',
  )
  expect(parseKernelPackage('linux-image-amd64\n  Depends: linux-image-6.12.57+deb13-amd64\n')).toBe(
    'linux-image-6.12.57+deb13-amd64',
  )
  expect(parseKernelPackage('linux-image-amd64\n  Depends: linux-base\n')).toBeNull()
})
