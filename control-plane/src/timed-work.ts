import type { Deps } from './deps.ts'
import { tendScans } from './features/bmc-scans/dispatch.ts'
import { takeBundleVersion } from './features/bundle/bundle-version.ts'
import { tendCommands } from './features/commands/dispatch.ts'
import { releaseQueues } from './features/deployments/queue.ts'
import { createEdgeSweep, sweepEdgesOnce } from './features/edges/sweep.ts'
import { removeStaleUploads } from './features/image-uploads/service.ts'
import { createSampleTender, tendSamples } from './features/monitoring/tend.ts'
import { createSigningKeyTender, tendSigningKey } from './features/signing-key/service.ts'

/** What is due now and then, whoever asks for anything or not. */
export interface TimedWork {
  /** For the log, when it fails. */
  what: string
  /** How often, where there is a timer as fine as that; else as often as there is one. */
  everyMs: number
  run: (atMs: number) => Promise<void>
}

const secondMs = 1000
const minuteMs = 60 * secondMs
const hourMs = 60 * minuteMs
/** Where an invocation has a thousand requests: each takes a few. */
const commandsAtOnce = 100
/** Not at the full hour, when the coarser samples are made as well. */
const pruneAtMinute = 7

/** All of it, on every platform; `memory` is lost where each run may be in another process. */
export function listTimedWork(deps: Deps, memory: 'kept' | 'lost'): TimedWork[] {
  const isKept = memory === 'kept'
  return [
    {
      what: 'looking for a new boot bundle',
      everyMs: 10 * secondMs,
      run: () => takeBundleVersion(deps),
    },
    {
      what: 'looking for lost edges',
      everyMs: 15 * secondMs,
      run: isKept ? createEdgeSweep(deps) : () => sweepEdgesOnce(deps),
    },
    {
      what: 'looking after commands',
      everyMs: secondMs,
      run: () => tendCommands(deps, isKept ? undefined : commandsAtOnce),
    },
    { what: 'looking after scans for BMCs', everyMs: 15 * secondMs, run: () => tendScans(deps) },
    {
      what: 'looking for queued deployments',
      everyMs: 15 * secondMs,
      run: () => releaseQueues(deps),
    },
    {
      what: 'looking after the signing key',
      everyMs: 15 * secondMs,
      run: isKept ? createSigningKeyTender(deps) : () => tendSigningKey(deps),
    },
    {
      what: 'looking after samples',
      everyMs: minuteMs,
      run: isKept ? createSampleTender(deps) : (atMs) => tendSamples(deps, dueAt(atMs)),
    },
    {
      what: 'clearing uploads away that nobody goes on with',
      everyMs: hourMs,
      run: () => removeStaleUploads(deps),
    },
  ]
}

function dueAt(atMs: number): { isQuarter: boolean; isPruning: boolean } {
  const minute = Math.floor(atMs / minuteMs)
  return { isQuarter: minute % 15 === 0, isPruning: minute % 60 === pruneAtMinute }
}
