import { lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from './clock.ts'
import { WorkFailure } from './failure.ts'
import { listPartitions, readSignature } from './probes/block-devices.ts'
import type { Signature } from './probes/signature.ts'
import { describeCommandFailure, type RunCommand } from './run-command.ts'

const mountPoint = '/run/dragonfly/root'

export interface RootFilesystem {
  /** Kernel name of the partition (or disk) that it is on. */
  name: string
  /** Directory in which `/` of the installed system is, writable. */
  path: string
  unmount(): Promise<void>
}

export interface RootDeps {
  run: RunCommand
  clock: Clock
  note: (text: string) => void
}

/** Places of `/` inside a filesystem: its top, and the subvolumes of Ubuntu, Fedora and openSUSE on btrfs. */
const rootPlaces = ['', '@', 'root', '@/.snapshots/1/snapshot'] as const
const rootTypes = new Set<Signature>(['ext4', 'xfs', 'btrfs'])

/**
 * Mounts the root filesystem of a system that was just written to a disk: the one with /etc and an os-release or an
 * fstab; the largest partition is tried first, a whole-disk filesystem last. Throws WorkFailure
 * `no-root-filesystem`.
 */
export async function mountRoot(disk: string, deps: RootDeps): Promise<RootFilesystem> {
  const partitions = await awaitPartitions(disk, deps)
  const candidates = partitions.toSorted((a, b) => b.sizeBytes - a.sizeBytes).map(({ name }) => name)
  const seen: string[] = []
  for (const name of [...candidates, disk]) {
    const signature = await readSignature(name)
    if (signature) seen.push(`${name}: ${signature}`)
    if (!signature || !rootTypes.has(signature)) continue
    const root = await tryMount(name, signature, deps)
    if (root) return root
  }
  throw new WorkFailure(
    'no-root-filesystem',
    `No filesystem with an installed system was found on ${disk} (${seen.join(', ') || 'it is blank'}).`,
  )
}

/** Makes the kernel read the new partition table, and waits for its device nodes. */
async function awaitPartitions(disk: string, deps: RootDeps): Promise<{ name: string; sizeBytes: number }[]> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const reread = await deps.run(['blockdev', '--rereadpt', `/dev/${disk}`])
    if (reread.code === 0) break
    if (attempt === 19)
      deps.note(`${disk}: its partitions could not be read again: ${describeCommandFailure(reread)}`)
    await deps.clock.sleep(250)
  }
  const signature = await readSignature(disk)
  for (let attempt = 0; attempt < 50; attempt++) {
    const partitions = listPartitions(disk)
    const nodes = await Promise.all(partitions.map(({ name }) => lstat(`/dev/${name}`).catch(() => null)))
    const expected = signature === 'gpt' || signature === 'mbr'
    if (nodes.every((node) => node !== null) && (partitions.length > 0 || !expected)) return partitions
    await deps.clock.sleep(100)
  }
  return listPartitions(disk)
}

async function tryMount(name: string, signature: Signature, deps: RootDeps): Promise<RootFilesystem | null> {
  await mkdir(mountPoint, { recursive: true })
  await deps.run(['blockdev', '--setrw', `/dev/${name}`])
  const options = signature === 'xfs' ? 'rw,nouuid' : 'rw'
  const mounted = await deps.run(['mount', '-t', signature, '-o', options, `/dev/${name}`, mountPoint], {
    timeoutMs: 120_000,
  })
  if (mounted.code !== 0) {
    deps.note(`${name} (${signature}) can't be mounted: ${describeCommandFailure(mounted)}`)
    return null
  }
  const unmount = async (): Promise<void> => {
    await deps.run(['sync'], { timeoutMs: 120_000 })
    const unmounted = await deps.run(['umount', mountPoint], { timeoutMs: 120_000 })
    if (unmounted.code === 0) return
    throw new WorkFailure(
      'seed-write-error',
      `${name} can't be unmounted: ${describeCommandFailure(unmounted)}.`,
    )
  }
  for (const place of signature === 'btrfs' ? rootPlaces : rootPlaces.slice(0, 1)) {
    const path = join(mountPoint, place)
    if (await isSystem(path)) return { name, path, unmount }
  }
  await unmount()
  return null
}

/** Links are not followed: an absolute one would lead into this ramdisk. */
export async function isSystem(path: string): Promise<boolean> {
  const exists = async (file: string): Promise<boolean> =>
    (await lstat(join(path, file)).catch(() => null)) !== null
  if (!(await exists('etc'))) return false
  return (await exists('etc/os-release')) || (await exists('etc/fstab'))
}
