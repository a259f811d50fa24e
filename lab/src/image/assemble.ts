import { open, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../command.ts'
import {
  createDiskLayout,
  type DiskLayout,
  patchBootSector,
  patchCore,
  renderSfdiskScript,
  sectorSize,
} from './disk-layout.ts'

/**
 * GRUB without menus, embedded: reading its own modules and a configuration file through a BIOS costs an
 * emulated machine seconds. mitigations=off, because they multiply the cost of an emulated system call;
 * no_timer_check, because on a busy host an emulated timer can come too late for the kernel's check, and it panics.
 */
const grubScript = `set gfxpayload=text
search --no-floppy --label root --set=root
linux /boot/vmlinuz root=LABEL=root rw console=ttyS0,115200 quiet mitigations=off audit=0 security=none selinux=0 tsc=reliable no_timer_check panic=10 cryptomgr.notests 8250.nr_uarts=1
initrd /boot/initrd.img
boot
`
const grubModules = ['part_gpt', 'ext2', 'search', 'search_label', 'linux', 'boot']

async function writeAt(path: string, bytes: Uint8Array, sector: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.write(bytes, 0, bytes.length, sector * sectorSize)
  } finally {
    await file.close()
  }
}

/** Makes one GRUB program whose configuration is built in. */
async function makeGrub(workDir: string, format: string, modules: readonly string[]): Promise<string> {
  const script = join(workDir, 'grub.cfg')
  const output = join(workDir, `grub-${format}`)
  await writeFile(script, grubScript)
  await runCommand(['grub-mkimage', '-O', format, '-p', '/boot/grub', '-c', script, '-o', output, ...modules])
  return output
}

async function installBiosGrub(image: string, layout: DiskLayout, workDir: string): Promise<void> {
  const core = await readFile(await makeGrub(workDir, 'i386-pc', ['biosdisk', ...grubModules]))
  const boot = await readFile('/usr/lib/grub/i386-pc/boot.img')
  await writeAt(image, patchBootSector(boot, layout.biosBoot.startSector), 0)
  await writeAt(image, patchCore(core, layout.biosBoot), layout.biosBoot.startSector)
}

/** The EFI system partition, written by mtools: no vfat in the host's kernel is needed. */
async function installUefiGrub(image: string, layout: DiskLayout, workDir: string): Promise<void> {
  const grub = await makeGrub(workDir, 'x86_64-efi', ['fat', ...grubModules])
  const esp = join(workDir, 'esp')
  await rm(esp, { force: true })
  await writeFile(esp, '')
  await truncate(esp, layout.esp.sectors * sectorSize)
  await runCommand(['mkfs.vfat', '-F', '32', '-s', '1', '-n', 'ESP', esp])
  await runCommand(['mmd', '-i', esp, '::/EFI', '::/EFI/BOOT'])
  await runCommand(['mcopy', '-i', esp, grub, '::/EFI/BOOT/BOOTX64.EFI'])
  const seek = String(layout.esp.startSector)
  await runCommand([
    'dd',
    `if=${esp}`,
    `of=${image}`,
    `seek=${seek}`,
    'bs=512',
    'conv=notrunc,sparse',
    'status=none',
  ])
}

/** The root file system, filled from a directory without being mounted, its metadata packed at its start. */
async function makeRoot(image: string, layout: DiskLayout, rootDir: string): Promise<void> {
  const features = 'lazy_itable_init=0,lazy_journal_init=0,packed_meta_blocks=1'
  await runCommand([
    ...['mkfs.ext4', '-q', '-F', '-L', 'root', '-m', '0', '-N', '32768', '-J', 'size=8', '-d', rootDir],
    ...['-E', `${features},offset=${layout.root.startSector * sectorSize}`],
    ...[image, `${(layout.root.sectors * sectorSize) / 1024}k`],
  ])
}

/** Makes a raw disk image that boots under BIOS and UEFI from a directory that holds a root file system. */
export async function assembleImage(
  rootDir: string,
  image: string,
  workDir: string,
  rootMib: number,
): Promise<void> {
  const layout = createDiskLayout(rootMib)
  await rm(image, { force: true })
  await writeFile(image, '')
  await truncate(image, layout.sizeBytes)
  await runCommand(['sfdisk', '-q', image], { input: renderSfdiskScript(layout) })
  await makeRoot(image, layout, rootDir)
  await installUefiGrub(image, layout, workDir)
  await installBiosGrub(image, layout, workDir)
}
