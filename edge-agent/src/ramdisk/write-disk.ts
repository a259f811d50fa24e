import { decideDisk, formatBytes } from '@dragonfly/schema/state'
import { type Action, type Disk, type ImageManifest, imageManifestSchema } from '@dragonfly/schema/wire'
import { type ChunkThreads, createChunkThreads } from './chunk-threads.ts'
import type { Clock } from './clock.ts'
import { openDiskTarget } from './disk-target.ts'
import { WorkFailure } from './failure.ts'
import { createHttpGet } from './http-get.ts'
import { createImageSource, type ImageSource } from './image-source.ts'
import { writeImage } from './image-writer.ts'
import type { Log } from './log.ts'
import { listHolders, listPartitions } from './probes/block-devices.ts'
import { readText } from './probes/text.ts'
import { describeCommandFailure, type RunCommand } from './run-command.ts'
import { findManifestFault } from './write-plan.ts'
import { createZeroRange } from './zero-range.ts'

export type WriteAction = Extract<Action, { action: 'write-image' }>

export interface WriteDiskDeps {
  run: RunCommand
  clock: Clock
  log: Log
  disks: () => Disk[]
  imageServers: readonly string[]
  onDisk: (disk: Disk) => void
  onProgress: (bytesDone: number, bytesTotal: number) => void
}

/** Frames of progress are at least this far apart. */
const progressMs = 250

/** Chooses the disk of a write-image action, writes the image to it and reads samples back. Throws WorkFailure. */
export async function writeDisk(
  action: WriteAction,
  signal: AbortSignal,
  deps: WriteDiskDeps,
): Promise<Disk> {
  const choice = decideDisk(action.disk, deps.disks(), action.sizeBytes)
  if (choice.kind === 'none') throw new WorkFailure(choice.reason, choice.message)
  const { disk } = choice
  const use = findUse(disk.name)
  if (use) throw new WorkFailure('disk-busy', `${disk.name} is in use: ${use}.`)
  deps.onDisk(disk)
  const threads = createChunkThreads()
  try {
    await writeTo(disk, action, signal, { ...deps, threads })
  } finally {
    await threads.close()
  }
  return disk
}

async function writeTo(
  disk: Disk,
  action: WriteAction,
  signal: AbortSignal,
  deps: WriteDiskDeps & { threads: ChunkThreads },
): Promise<void> {
  const { threads, run, clock, log } = deps
  const path = `/dev/${disk.name}`
  const source = createImageSource({
    get: createHttpGet(),
    clock,
    threads,
    servers: deps.imageServers.map((server) => server.replace(/\/+$/, '')),
    warn: log.warning,
  })
  const manifest = await loadManifest(action, source, signal)
  log.info(`writing ${action.imageName} (${formatBytes(manifest.sizeBytes)}) to ${describeDisk(disk)}`)
  const unlocked = await run(['blockdev', '--setrw', path])
  if (unlocked.code !== 0) {
    const why = describeCommandFailure(unlocked)
    throw new WorkFailure('disk-write-error', `The write protection of ${path} can’t be lifted: ${why}.`)
  }
  const zeroRange = createZeroRange(path, { run, warn: log.warning })
  const target = await openDiskTarget({ path, sizeBytes: disk.sizeBytes, zeroRange })
  const startMs = clock.now()
  try {
    const onProgress = throttle(clock, manifest.sizeBytes, deps.onProgress)
    const onResumed = (bytes: number): void =>
      log.info(`of an earlier writing ${formatBytes(bytes)} were still there: only the rest was fetched`)
    await writeImage({ manifest, source, target, threads, signal, onProgress, onResumed })
  } finally {
    await target.close()
  }
  const seconds = (clock.now() - startMs) / 1000
  const rate = formatBytes(manifest.sizeBytes / Math.max(0.001, seconds))
  log.info(`written and checked in ${seconds.toFixed(1)} s (${rate}/s)`)
  const peak = readKilobytes('/proc/self/status', 'VmHWM')
  const left = readKilobytes('/proc/meminfo', 'MemAvailable')
  log.debug(`peak memory of the agent: ${formatBytes(peak)}; the machine has ${formatBytes(left)} left`)
}

/** A line of /proc in bytes; 0 where there is none. */
function readKilobytes(path: string, name: string): number {
  const [, value = 0] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readText(path) ?? '') ?? []
  return Number(value) * 1024
}

async function loadManifest(
  action: WriteAction,
  source: ImageSource,
  signal: AbortSignal,
): Promise<ImageManifest> {
  const bytes = await source.fetchManifest(action.manifestDigest, signal)
  const parsed = imageManifestSchema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8')))
  const fault = parsed.success ? findManifestFault(parsed.data, action.sizeBytes) : 'it is not a manifest'
  if (!parsed.success || fault) {
    throw new WorkFailure('internal', `The manifest of ${action.imageName} can’t be used: ${fault}.`)
  }
  return parsed.data
}

/** What keeps a disk from being written: a mount, or an array that holds it. Null when it is free. */
function findUse(disk: string): string | null {
  const names = new Set([disk, ...listPartitions(disk).map((partition) => partition.name)])
  for (const line of (readText('/proc/mounts') ?? '').split('\n')) {
    const [device = '', place = ''] = line.split(' ')
    if (device.startsWith('/dev/') && names.has(device.slice(5))) return `${device} is mounted on ${place}`
  }
  const holders = listHolders(disk)
  return holders.length > 0 ? `${holders.join(', ')} holds it` : null
}

export function throttle(
  clock: Pick<Clock, 'now'>,
  total: number,
  onProgress: (bytesDone: number, bytesTotal: number) => void,
): (bytesDone: number) => void {
  let lastMs = Number.NEGATIVE_INFINITY
  return (bytesDone) => {
    if (bytesDone < total && clock.now() - lastMs < progressMs) return
    lastMs = clock.now()
    onProgress(bytesDone, total)
  }
}

function describeDisk(disk: Disk): string {
  const words = [disk.model, disk.serial && `serial ${disk.serial}`].filter(Boolean).join(', ')
  return `${disk.name}${words ? ` (${words})` : ''}`
}
