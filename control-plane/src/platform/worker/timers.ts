import type { Deps } from '../../deps.ts'
import { takeBundleVersion } from '../../features/bundle/bundle-version.ts'
import { tendCommands } from '../../features/commands/dispatch.ts'
import { releaseQueues } from '../../features/deployments/queue.ts'
import { sweepEdgesOnce } from '../../features/edges/sweep.ts'
import { removeStaleUploads } from '../../features/image-uploads/service.ts'
import { tendSamples } from '../../features/monitoring/tend.ts'
import { tendSigningKey } from '../../features/signing-key/service.ts'

const minuteMs = 60_000
/** Each takes a few requests to the database, of which an invocation has a thousand. */
const commandsAtOnce = 100
/** Not at the full hour, when the coarser samples are made as well. */
const pruneAtMinute = 7

/**
 * What Node does by its timers, once a minute; no memory lasts from one to the next. What has to be punctual
 * (commands that are due, announcements) rings by the sites' own alarms. A piece that fails keeps no other from being done.
 */
export async function runTimers(deps: Deps, scheduledAt: number): Promise<void> {
  const minute = Math.floor(scheduledAt / minuteMs)
  const due = { isQuarter: minute % 15 === 0, isPruning: minute % 60 === pruneAtMinute }
  const pieces: [string, () => Promise<void>][] = [
    ['looking for a new boot bundle', () => takeBundleVersion(deps)],
    ['looking for lost edges', () => sweepEdgesOnce(deps)],
    ['looking after commands', () => tendCommands(deps, commandsAtOnce)],
    ['looking for queued deployments', () => releaseQueues(deps)],
    ['looking after the signing key', () => tendSigningKey(deps)],
    ['looking after samples', () => tendSamples(deps, due)],
  ]
  if (due.isPruning)
    pieces.push(['clearing uploads away that nobody goes on with', () => removeStaleUploads(deps)])
  for (const [what, work] of pieces) {
    try {
      await work()
    } catch (error) {
      deps.log.error(what, { error })
    }
  }
}
