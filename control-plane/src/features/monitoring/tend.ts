import { sites } from '@dragonfly/schema/db'
import { sampleSteps } from '@dragonfly/schema/state'
import { createBreathe } from '../../breathe.ts'
import type { Deps } from '../../deps.ts'
import { addUpMinutes, coarsen, deleteSamples, findSubjects } from './queries.ts'

const [minutes, quarters, quarterDays] = sampleSteps
/** Samples arrive a little after their minute, and after an outage of the tunnel up to a quarter of an hour late. */
const usuallyLateSeconds = 5 * 60
const latestSeconds = 35 * 60
const pruneEverySeconds = 3600
/** Subjects of one statement: other requests come in between. */
const prunedAtOnce = 100

/**
 * Adds up the minutes of racks and sites; where it `isQuarter` of an hour, makes the coarser steps, and where it
 * `isPruning`, forgets what is too old. All of it may be done twice without harm, by two servers as well.
 */
export async function tendSamples(
  deps: Deps,
  { isQuarter, isPruning }: { isQuarter: boolean; isPruning: boolean },
): Promise<void> {
  const now = Math.floor(deps.clock() / 1000)
  const fromSeconds = now - (isQuarter ? latestSeconds : usuallyLateSeconds)
  for (const { siteId } of await deps.db.select({ siteId: sites.siteId }).from(sites)) {
    await addUpMinutes(deps.db, siteId, fromSeconds)
    if (!isQuarter) continue
    await coarsen(deps.db, siteId, { from: minutes.stepSeconds, to: quarters.stepSeconds, fromSeconds })
    await coarsen(deps.db, siteId, { from: quarters.stepSeconds, to: quarterDays.stepSeconds, fromSeconds })
  }
  if (isPruning) await prune(deps, now)
}

/** Returns what is to be called once a minute. */
export function createSampleTender(deps: Deps): () => Promise<void> {
  let coarsenedAt = 0
  let prunedAt = 0
  return async () => {
    const now = Math.floor(deps.clock() / 1000)
    const quarter = Math.floor(now / quarters.stepSeconds)
    const isPruning = now - prunedAt >= pruneEverySeconds
    await tendSamples(deps, { isQuarter: quarter !== coarsenedAt, isPruning })
    coarsenedAt = quarter
    if (isPruning) prunedAt = now
  }
}

async function prune(deps: Deps, now: number): Promise<void> {
  const subjects = await findSubjects(deps.db)
  const gone = subjects.filter(({ isGone }) => isGone).map(({ id }) => id)
  const kept = subjects.filter(({ isGone }) => !isGone).map(({ id }) => id)
  const breathe = createBreathe()
  for (const { stepSeconds, keptSeconds } of sampleSteps) {
    for (const ids of chunks(gone)) {
      await breathe()
      await deleteSamples(deps.db, ids, { stepSeconds, beforeSeconds: now * 2 })
    }
    for (const ids of chunks(kept)) {
      await breathe()
      await deleteSamples(deps.db, ids, { stepSeconds, beforeSeconds: now - keptSeconds })
    }
  }
}

function chunks(ids: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(ids.length / prunedAtOnce) }, (_, index) =>
    ids.slice(index * prunedAtOnce, (index + 1) * prunedAtOnce),
  )
}
