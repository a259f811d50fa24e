import type { Disk } from '@dragonfly/schema/wire'
import { abortedFailure, nameFailure, WorkFailure } from './failure.ts'
import type { OrderFrame, OrderOutcome } from './order.ts'
import { readSignature } from './probes/block-devices.ts'
import { mountRoot } from './root-filesystem.ts'
import { describeCommandFailure } from './run-command.ts'
import { type Seed, writeSeed } from './seed.ts'
import { type WriteDiskDeps, writeDisk } from './write-disk.ts'

export interface WorkDeps extends Omit<WriteDiskDeps, 'imageServers' | 'onDisk'> {
  /** Returns when the inventory has let go of every disk. */
  quiesce: () => Promise<void>
  onStage: (stage: 'writing' | 'configuring', disk: Disk | null) => void
}

/** Carries out a plan, action by action. Never rejects: every end has a name. */
export async function performOrder(
  order: OrderFrame,
  signal: AbortSignal,
  deps: WorkDeps,
): Promise<OrderOutcome> {
  try {
    await deps.quiesce()
    let disk: Disk | null = null
    let imageBytes = 0
    for (const action of order.plan.actions) {
      if (signal.aborted) break
      if (action.action === 'write-image') {
        imageBytes = action.sizeBytes
        disk = await writeDisk(action, signal, {
          ...deps,
          imageServers: order.imageServers,
          onDisk: (chosen) => deps.onStage('writing', chosen),
        })
      } else if (action.action === 'write-seed') {
        if (!disk)
          throw new WorkFailure('no-root-filesystem', 'The plan has a seed, and no image to put it on.')
        deps.onStage('configuring', disk)
        await configure(disk, imageBytes, action, deps)
      }
    }
    signal.throwIfAborted()
    return { kind: 'done' }
  } catch (error) {
    const { reason, message, chunk } = signal.aborted ? abortedFailure() : nameFailure(error)
    if (!(error instanceof WorkFailure) && !signal.aborted) deps.log.error(stackOf(error))
    return { kind: 'failed', reason, message, chunk }
  }
}

async function configure(disk: Disk, imageBytes: number, seed: Seed, deps: WorkDeps): Promise<void> {
  const { run, clock, log } = deps
  const path = `/dev/${disk.name}`
  if (disk.sizeBytes > imageBytes && (await readSignature(disk.name, disk.logicalBlockBytes)) === 'gpt') {
    // The image's backup table belongs to the disk's end, or growing the root at first boot fails.
    const moved = await run(['sfdisk', '--relocate', 'gpt-bak-std', path], { timeoutMs: 30_000 })
    if (moved.code !== 0) log.warning(`${path}: its backup GPT stays put: ${describeCommandFailure(moved)}`)
  }
  const root = await mountRoot(disk.name, { run, clock, note: (text) => log.info(text) })
  let cloudInit = false
  try {
    ;({ cloudInit } = await writeSeed(root.path, seed))
  } finally {
    await root.unmount()
  }
  await run(['sync'], { timeoutMs: 120_000 })
  log.info(`the seed is on ${root.name}`)
  if (!cloudInit) {
    log.warning(`the system on ${root.name} has no /etc/cloud: without cloud-init nothing reads its seed`)
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
