import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { askEdge } from '../status.ts'
import {
  pruneVersions,
  readCurrent,
  readVersionsState,
  trialVariable,
  writeVersionsState,
} from './versions.ts'

/** What the guard of a trial is told, as JSON in its one argument. */
export const guardOrderSchema = z.object({
  dataDir: z.string(),
  /** The supervisor's process, which stays the same one when it becomes the new version. */
  pid: z.number().int().positive(),
  trialId: z.string(),
  version: z.string(),
  /** The control plane was connected before, so it has to be again. */
  wantsTunnel: z.boolean(),
  patienceMs: z.number().int().positive(),
  /** How the edge is started again when nobody else does; null under systemd, which does. */
  restart: z.object({ command: z.string(), args: z.array(z.string()) }).nullable(),
})
export type GuardOrder = z.infer<typeof guardOrderSchema>

const lookEveryMs = 250
const healthSchema = z.object({
  version: z.string(),
  health: z.object({ ok: z.boolean(), missing: z.array(z.string()) }),
  tunnel: z.object({ kind: z.string() }),
})

/**
 * Watches a new version come up, as a process of the old one: what hangs can't watch itself. Well: the trial is over.
 * Not in time, or it died: it is ended, and the next start goes back (bin/choose-version.cjs).
 */
export async function guardTrial(order: GuardOrder): Promise<void> {
  const end = performance.now() + order.patienceMs
  let missing = 'It did not answer'
  while (performance.now() < end && isAlive(order.pid)) {
    const answer = healthSchema.safeParse(await askEdge(order.dataDir, '/status', 2000)).data
    const found = answer ? findMissing(answer, order) : missing
    if (found === null) return settle(order)
    missing = found
    await sleep(lookEveryMs)
  }
  await failTrial(order, missing)
}

function findMissing(
  { version, health, tunnel }: z.infer<typeof healthSchema>,
  order: GuardOrder,
): string | null {
  if (version !== order.version) return `Version ${version} answered instead`
  if (!health.ok) return `It came up without ${health.missing.join(' and ')}`
  if (order.wantsTunnel && tunnel.kind !== 'connected') return 'It could not connect to the control plane'
  return null
}

async function settle({ dataDir, trialId }: GuardOrder): Promise<void> {
  const state = await readVersionsState(dataDir)
  if (state?.trial?.id !== trialId) return
  const { trial, ...rest } = state
  const { version, requestId, from } = trial
  await writeVersionsState(dataDir, {
    ...rest,
    report: { outcome: 'done', version, requestId, message: null },
  })
  await pruneVersions(dataDir, [await readCurrent(dataDir), from])
}

async function failTrial(order: GuardOrder, missing: string): Promise<void> {
  const { dataDir, pid, trialId, restart, patienceMs } = order
  const state = await readVersionsState(dataDir)
  // Another start has gone back already.
  if (state?.trial?.id !== trialId) return
  const alive = isAlive(pid)
  const reason = alive
    ? `${missing} within ${Math.round(patienceMs / 1000)} s.`
    : 'It ended as soon as it was started.'
  await writeVersionsState(dataDir, { ...state, trial: { ...state.trial, reason } })
  if (alive) process.kill(pid, 'SIGKILL')
  if (restart === null) return
  const { [trialVariable]: _, ...env } = process.env
  spawn(restart.command, restart.args, {
    env,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  }).unref()
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
