import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../../src/command.ts'
import { ensureImage } from '../../src/image/build.ts'
import { createDiskLayout, sectorSize } from '../../src/image/disk-layout.ts'
import { buildDir } from '../../src/paths.ts'
import { sha256OfFile } from './disk-content.ts'

/** Read by Debian's signed GRUB, which has its modules within. */
const grubConfig = `search --no-floppy --label root --set=root
linux /boot/vmlinuz root=LABEL=root rw console=ttyS0,115200 quiet mitigations=off no_timer_check panic=10
initrd /boot/initrd.img
boot
`

const loaders = {
  'EFI/debian/shimx64.efi': 'usr/lib/shim/shimx64.efi.signed',
  'EFI/debian/grubx64.efi': 'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed',
  'EFI/BOOT/BOOTX64.EFI': 'usr/lib/shim/shimx64.efi.signed',
  'EFI/BOOT/grubx64.efi': 'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed',
}

/** The newest that the boot bundle, which has both, was made from. */
async function findPackage(name: string): Promise<string> {
  const found = await runCommand([
    'sh',
    '-c',
    `ls -t ${join(buildDir, 'cache')}/apt-*/archives/${name}_*.deb | head -n 1`,
  ])
  return found.trim()
}

/** The rack's image with what Debian installs for Secure Boot in its EFI partition: shim and signed GRUB. */
export async function createSignedImage(
  dir: string,
): Promise<{ name: string; path: string; sha256: string }> {
  const packages = join(dir, 'signed')
  await mkdir(packages, { recursive: true })
  for (const name of ['shim-signed', 'grub-efi-amd64-signed'])
    await runCommand(['dpkg-deb', '-x', await findPackage(name), join(packages, 'tree')])
  const path = join(dir, 'signed.raw')
  await runCommand(['cp', '--sparse=always', (await ensureImage()).path, path])
  const config = join(packages, 'grub.cfg')
  await writeFile(config, grubConfig)
  const partition = `${path}@@${createDiskLayout(1).esp.startSector * sectorSize}`
  await runCommand(['mmd', '-i', partition, '::/EFI/debian'])
  for (const [target, source] of Object.entries(loaders))
    await runCommand(['mcopy', '-o', '-i', partition, join(packages, 'tree', source), `::/${target}`])
  await runCommand(['mcopy', '-i', partition, config, '::/EFI/debian/grub.cfg'])
  return { name: 'Debian 12, signed', path, sha256: await sha256OfFile(path) }
}
