import { lstat, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Disk } from '@dragonfly/schema/wire'
import { describeCommandFailure, type RunCommand } from '../run-command.ts'
import { listPartitions, readSignature } from './block-devices.ts'
import { parseOsRelease } from './parse-os-release.ts'
import type { Signature } from './signature.ts'
import { readNumber } from './text.ts'

const mountPoint = '/run/dragonfly/look'

/**
 * Mount options under which a filesystem is not touched, not even to replay its journal. The disk itself is
 * read-only besides.
 */
const untouched: Partial<Record<Signature, { type: string; options: string }>> = {
  ext4: { type: 'ext4', options: 'ro,noload,nodev,nosuid,noexec' },
  xfs: { type: 'xfs', options: 'ro,norecovery,nouuid,nodev,nosuid,noexec' },
  btrfs: { type: 'btrfs', options: 'ro,rescue=nologreplay,nodev,nosuid,noexec' },
  vfat: { type: 'vfat', options: 'ro,nodev,nosuid,noexec' },
}

export interface LookDeps {
  run: RunCommand
  note: (text: string) => void
  /** True once an order wants the disks: nothing new is mounted then. */
  stopped: () => boolean
}

/** What lies on a disk, and the operating system on it, found without altering a byte. */
export async function lookAtDisk(disk: Disk, deps: LookDeps): Promise<Pick<Disk, 'signature' | 'os'>> {
  if (!(await ensureReadOnly(disk.name, deps))) return { signature: null, os: null }
  const signature = await readSignature(disk.name, disk.logicalBlockBytes)
  const partitions = listPartitions(disk.name).map((partition) => partition.name)
  let windows = false
  for (const name of partitions.length > 0 ? partitions : [disk.name]) {
    if (deps.stopped()) break
    const found = await lookAtFilesystem(name, disk.logicalBlockBytes, deps)
    if (found === 'Windows') windows = true
    else if (found) return { signature, os: found }
  }
  return { signature, os: windows ? 'Windows' : null }
}

/** A disk that came late (USB, a slow SAS expander) may have missed init's write protection. */
async function ensureReadOnly(name: string, deps: LookDeps): Promise<boolean> {
  if (readNumber(`/sys/block/${name}/ro`) === 1) return true
  await deps.run(['blockdev', '--setro', `/dev/${name}`])
  if (readNumber(`/sys/block/${name}/ro`) === 1) return true
  deps.note(`${name} can't be made read-only, so it is not looked into`)
  return false
}

async function lookAtFilesystem(name: string, blockBytes: number, deps: LookDeps): Promise<string | null> {
  const signature = await readSignature(name, blockBytes)
  const mount = signature ? untouched[signature] : undefined
  if (!mount) return null
  await mkdir(mountPoint, { recursive: true })
  const command = ['mount', '-t', mount.type, '-o', mount.options, `/dev/${name}`, mountPoint]
  const mounted = await deps.run(command)
  if (mounted.code !== 0) {
    deps.note(`${name} (${signature}) can't be looked into: ${describeCommandFailure(mounted)}`)
    return null
  }
  try {
    return mount.type === 'vfat' ? await findWindows() : await findLinux()
  } finally {
    const unmounted = await deps.run(['umount', mountPoint])
    if (unmounted.code !== 0) deps.note(`${name} stays mounted: ${describeCommandFailure(unmounted)}`)
  }
}

async function findLinux(): Promise<string | null> {
  // Subvolumes of btrfs as Ubuntu, openSUSE and Fedora lay them out.
  for (const root of ['', '@', 'root', '@/.snapshots/1/snapshot']) {
    for (const file of ['etc/os-release', 'usr/lib/os-release']) {
      const path = join(mountPoint, root, file)
      const entry = await lstat(path).catch(() => null)
      // An absolute link would lead into this ramdisk; the file it stands for is tried by its own name.
      if (!entry?.isFile()) continue
      const name = parseOsRelease(await readFile(path, 'utf8').catch(() => ''))
      if (name) return name
    }
  }
  return null
}

async function findWindows(): Promise<string | null> {
  const loader = join(mountPoint, 'EFI/Microsoft/Boot/bootmgfw.efi')
  return (await lstat(loader).catch(() => null)) ? 'Windows' : null
}
