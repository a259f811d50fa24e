import { describe, expect, it } from 'vitest'
import { parseTftpFileName } from './tftp-file-name.ts'

const mac = '52:54:00:77:00:01'
const uuid = '77000000-0000-4000-8000-000000000001'

describe('a TFTP file name', () => {
  it.each([
    ['snponly.efi', 'snponly.efi'],
    ['/snponly.efi', 'snponly.efi'],
    ['\\snponly.efi', 'snponly.efi'],
    ['./snponly.efi', 'snponly.efi'],
    ['undionly.kpxe\xff', 'undionly.kpxe'],
  ])('%j is %s', (asked, name) => expect(parseTftpFileName(asked)).toEqual({ kind: 'bundle', name }))

  it.each([
    ['/grub/grub.cfg', { kind: 'grub-entry' }],
    ['/grub/x86_64-efi/grub.cfg', { kind: 'grub-entry' }],
    [`/grub/machine/${mac}/${uuid}`, { kind: 'grub-script', caller: { mac, uuid } }],
    [`/grub/machine/${mac.toUpperCase()}/`, { kind: 'grub-script', caller: { mac } }],
    ['grub/machine/52-54-00-77-00-01/vmlinuz', { kind: 'bundle', name: 'vmlinuz', mac }],
  ])('%j of signed GRUB is understood', (asked, file) => expect(parseTftpFileName(asked)).toEqual(file))

  it.each([
    ...['', '/', '../etc/passwd', 'boot/../../x', '..\\x', '.hidden', 'a b', 'x'.repeat(500), 'é'],
    ...['grub/grub.conf', 'grub/machine//x', 'grub/machine/somebody/vmlinuz'],
    ...[`grub/machine/${mac}/../vmlinuz`, `grub/machine/${mac}/a b`, `grub/machine/${mac}`],
  ])('%j is none', (asked) => expect(parseTftpFileName(asked)).toBeUndefined())
})
