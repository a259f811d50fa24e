import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { PackageTree } from './package-tree.ts'

const GRUB_MODULES = [
  ...[
    'part_gpt',
    'part_msdos',
    'fat',
    'iso9660',
    'normal',
    'echo',
    'test',
    'search',
    'search_fs_file',
    'chain',
  ],
  ...['configfile', 'serial', 'terminal', 'boot', 'ls', 'minicmd'],
]

export type BootFile = { name: string; data: Uint8Array }

/** What the firmware loads before the kernel: iPXE as Debian builds it, and a GRUB that starts the installed system. */
export async function createBootPrograms(tree: PackageTree, workDir: string): Promise<BootFile[]> {
  const files: BootFile[] = []
  for (const name of ['undionly.kpxe', 'snponly.efi', 'ipxe.efi']) {
    files.push({ name, data: await tree.read(`usr/lib/ipxe/${name}`) })
  }
  const output = join(workDir, 'local-x64.efi')
  await tree.run('usr/bin/grub-mkimage', [
    ...['-O', 'x86_64-efi', '-d', join(tree.root, 'usr/lib/grub/x86_64-efi'), '-p', '/EFI/dragonfly'],
    ...['-c', join(import.meta.dirname, 'local-boot.cfg'), '-o', output, ...GRUB_MODULES],
  ])
  files.push({ name: 'local-x64.efi', data: await readFile(output) })
  return files
}
