import type { Deps } from '../../deps.ts'
import { takeBundleVersion } from '../../features/bundle/bundle-version.ts'
import { tendCommands } from '../../features/commands/dispatch.ts'
import { releaseQueues } from '../../features/deployments/queue.ts'
import { createEdgeSweep } from '../../features/edges/sweep.ts'
import { createSampleTender } from '../../features/monitoring/tend.ts'

/** What Node does by its timers, once a minute. A piece that fails does not keep the others from being done. */
export async function runTimers(deps: Deps, scheduledAt: number): Promise<void> {
  const pieces: [string, () => Promise<void>][] = [
    ['looking for a new boot bundle', () => takeBundleVersion(deps)],
    ['looking for lost edges', () => createEdgeSweep(deps)()],
    ['looking for queued deployments', () => releaseQueues(deps)],
    ['looking after samples', () => createSampleTender(deps)()],
    ['looking after commands', () => tendCommands(deps)],
  ]
  void scheduledAt
  for (const [what, work] of pieces) {
    try {
      await work()
    } catch (error) {
      deps.logError(what, error)
    }
  }
}
