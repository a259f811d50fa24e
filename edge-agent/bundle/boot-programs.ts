import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './host.ts'
import type { PackageTree } from './package-tree.ts'

/** `regexp` also expands the `*` of local-boot.cfg. */
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
  ...['memdisk', 'tar', 'configfile', 'terminal', 'boot', 'ls', 'minicmd', 'regexp'],
]

const localBootScript = join(import.meta.dirname, 'local-boot.cfg')

export type BootFile = { name: string; data: Uint8Array }

/** Signed by Microsoft and by Debian. shim asks for its second stage as `grubx64.efi`; this one is made for netboot. */
const signedPrograms = {
  'shimx64.efi': 'usr/lib/shim/shimx64.efi.signed',
  'grubx64.efi': 'usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed',
}

/** What the firmware loads before the kernel: iPXE as Debian builds it, and a GRUB that starts the installed system. */
export async function createBootPrograms(tree: PackageTree, workDir: string): Promise<BootFile[]> {
  const files: BootFile[] = []
  for (const name of ['undionly.kpxe', 'snponly.efi', 'ipxe.efi']) {
    files.push({ name, data: await tree.read(`usr/lib/ipxe/${name}`) })
  }
  files.push({ name: 'local-x64.efi', data: await createLocalBoot(tree, workDir) })
  for (const [name, path] of Object.entries(signedPrograms)) files.push({ name, data: await tree.read(path) })
  files.push({ name: 'local-boot.cfg', data: await readFile(localBootScript) })
  return files
}

/** A config given to grub-mkimage directly runs in rescue mode, which has no `if` and no `for`: hence the memory disk. */
async function createLocalBoot(tree: PackageTree, workDir: string): Promise<Uint8Array> {
  const disk = join(workDir, 'grub')
  await mkdir(join(disk, 'boot/grub'), { recursive: true })
  await copyFile(localBootScript, join(disk, 'boot/grub/grub.cfg'))
  const reproducible = [
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=u=rw,a+rX',
  ]
  await run('tar', [...reproducible, '-cf', `${disk}.tar`, '-C', disk, 'boot'])
  await writeFile(`${disk}.cfg`, 'set prefix=(memdisk)/boot/grub\n')
  const output = join(workDir, 'local-x64.efi')
  await tree.run('usr/bin/grub-mkimage', [
    ...['-O', 'x86_64-efi', '-d', join(tree.root, 'usr/lib/grub/x86_64-efi'), '-p', '(memdisk)/boot/grub'],
    ...['-m', `${disk}.tar`, '-c', `${disk}.cfg`, '-o', output, ...GRUB_MODULES],
  ])
  return readFile(output)
}
