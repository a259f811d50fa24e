import { journals } from '@dragonfly/schema/db'
import type { JournalEntry } from '@dragonfly/schema/wire'
import { and, eq, sql } from 'drizzle-orm'
import { isConstraint, runBatch, type Statement } from '../batch.ts'
import { createBreathe } from '../breathe.ts'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { releaseQueue } from '../features/deployments/queue.ts'
import { joinAnyRecords } from '../features/machines/join.ts'
import { announceSites, bumpAllSites, bumpSite } from '../features/sites/site-version.ts'
import { applyBmcCertificate, applyBmcIdentified, applyBmcLog, applyBmcPower } from './apply-bmc.ts'
import { applyScanFound, applyScanResult } from './apply-bmc-scan.ts'
import { applyCommandResult, applyCommandWaiting } from './apply-command.ts'
import { applyConsole } from './apply-console.ts'
import { applyDeployment, applyDeploymentNote } from './apply-deployment.ts'
import {
  applyBundleFailed,
  applyBundleReady,
  applyDhcp,
  applyInterfaces,
  applyProblem,
} from './apply-edge.ts'
import { applyImageEvicted, applyImageFailed, applyImageReady } from './apply-image.ts'
import { applyInventory } from './apply-inventory.ts'
import { applyLeases } from './apply-leases.ts'
import { applyLog, applyNetboot, applyRamdisk } from './apply-machine.ts'
import { type Effect, joinEffects, noEffect } from './effect.ts'
import { type KnownMachines, readKnownMachines } from './known-machines.ts'
import { writeReports } from './machine-reports.ts'

/** An entry as it arrived: `event` null when this control plane can't read it (a newer edge's, or damaged). */
export type ReceivedEntry = Omit<JournalEntry, 'event'> & { event: JournalEntry['event'] | null }

export async function readAckedSeq(deps: Deps, edge: EdgeIdentity, journalId: string): Promise<number> {
  const [row] = await deps.db
    .select({ seq: journals.seq })
    .from(journals)
    .where(and(eq(journals.edgeId, edge.edgeId), eq(journals.journalId, journalId)))
  return row?.seq ?? 0
}

/**
 * Takes the entries of a frame, each exactly once and in order; answers how far the journal is taken now. Entries that
 * machines send by the thousand are taken in runs: one look at the database and one batch for each run.
 */
export async function takeEntries(
  deps: Deps,
  edge: EdgeIdentity,
  journalId: string,
  entries: readonly ReceivedEntry[],
): Promise<number> {
  let taken = await readAckedSeq(deps, edge, journalId)
  const fresh: ReceivedEntry[] = []
  for (const entry of entries) {
    if (entry.seq <= taken) deps.metrics.count('dragonfly_journal_repeats_total')
    else fresh.push(entry)
    taken = Math.max(taken, entry.seq)
  }
  const breathe = createBreathe()
  for (const run of splitRuns(fresh)) {
    await breathe()
    const effect = await commit(deps, edge, journalId, run)
    if (effect) await publish(deps, edge, effect)
    // Another tunnel took some of it meanwhile, or one of them can't be applied.
    else
      for (const entry of run) {
        await breathe()
        await takeEntry(deps, edge, journalId, entry)
      }
  }
  return readAckedSeq(deps, edge, journalId)
}

/** Decided by what `KnownMachines` holds alone: they need not wait until the one before them is written. */
const inRuns = new Set<string | undefined>([
  'machine.netboot',
  'machine.ramdisk',
  'machine.inventory',
  'log',
  'bmc.power',
])

function splitRuns(entries: readonly ReceivedEntry[]): ReceivedEntry[][] {
  const runs: ReceivedEntry[][] = []
  let isOpen = false
  for (const entry of entries) {
    const last = runs.at(-1)
    const mayFollow = inRuns.has(entry.event?.type)
    if (isOpen && mayFollow && last) last.push(entry)
    else runs.push([entry])
    isOpen = mayFollow
  }
  return runs
}

/**
 * Takes an entry exactly once: its effect and the journal's mark are one batch, and the mark refuses a sequence
 * number that was taken before. An entry that can't be applied is logged and passed over, so that it does not
 * hold up the journal; a database that can't be written throws.
 */
async function takeEntry(
  deps: Deps,
  edge: EdgeIdentity,
  journalId: string,
  entry: ReceivedEntry,
): Promise<void> {
  if ((await readAckedSeq(deps, edge, journalId)) >= entry.seq) {
    deps.metrics.count('dragonfly_journal_repeats_total')
    return
  }
  const effect =
    (await commit(deps, edge, journalId, [entry])) ?? (await commit(deps, edge, journalId, [entry]))
  if (effect) return publish(deps, edge, effect)
  if ((await readAckedSeq(deps, edge, journalId)) >= entry.seq) {
    deps.metrics.count('dragonfly_journal_repeats_total')
    return
  }
  const { seq, event } = entry
  deps.log.error('a journal entry can’t be applied: passed over', { ...edge, seq, event: event?.type })
  await runBatch(deps.db, [markTaken(deps, edge, journalId, [entry])])
}

/** Null when a constraint refused the batch: taken before, or what it refers to has just been deleted. */
async function commit(
  deps: Deps,
  edge: EdgeIdentity,
  journalId: string,
  run: readonly ReceivedEntry[],
): Promise<Effect | null> {
  const known = await readKnownMachines(deps, edge, run)
  const effects: Effect[] = []
  for (const entry of run) effects.push(await decideEffect(deps, edge, known, entry))
  const effect = joinEffects(effects)
  const bumps: Record<Effect['bump'], Statement[]> = {
    none: [],
    site: [bumpSite(deps.db, edge.siteId)],
    all: [bumpAllSites(deps.db)],
  }
  try {
    const mark = markTaken(deps, edge, journalId, run)
    const together = writeReports(deps.db, edge, effect.reports ?? [])
    await runBatch(deps.db, [mark, ...effect.statements, ...together, ...bumps[effect.bump]])
    deps.metrics.count('dragonfly_journal_entries_total', '', run.length)
    return effect
  } catch (error) {
    if (isConstraint(error)) return null
    throw error
  }
}

function markTaken(
  deps: Deps,
  edge: EdgeIdentity,
  journalId: string,
  run: readonly ReceivedEntry[],
): Statement {
  const { edgeId } = edge
  const [first, last] = [run[0]?.seq ?? 0, run.at(-1)?.seq ?? 0]
  // Null, which the column refuses, unless the journal goes forward.
  const next = sql<number>`case when ${first} > coalesce((select seq from journals
    where edge_id = ${edgeId} and journal_id = ${journalId}), 0) then ${last} end`
  return deps.db
    .insert(journals)
    .values({ edgeId, journalId, seq: next })
    .onConflictDoUpdate({ target: [journals.edgeId, journals.journalId], set: { seq: sql`excluded.seq` } })
}

async function publish(deps: Deps, edge: EdgeIdentity, effect: Effect): Promise<void> {
  effect.afterwards?.()
  deps.live.publish(effect.live)
  if (effect.mayJoin?.length) await joinAnyRecords(deps, edge, effect.mayJoin)
  if (effect.freesPlace) await releaseQueue(deps, edge.siteId)
  if (effect.bump !== 'none') await announceSites(deps, effect.bump === 'all' ? 'all' : [edge.siteId])
}

async function decideEffect(
  deps: Deps,
  edge: EdgeIdentity,
  known: KnownMachines,
  entry: ReceivedEntry,
): Promise<Effect> {
  const { event, at, seq } = entry
  if (event === null) {
    deps.log.error('a journal entry is not understood here: passed over', { ...edge, seq })
    return noEffect
  }
  switch (event.type) {
    case 'machine.netboot':
      return applyNetboot(deps, edge, known, event, at)
    case 'machine.inventory':
      return applyInventory(deps, edge, known, event, at)
    case 'machine.ramdisk':
      return applyRamdisk(known, event, at)
    case 'log':
      return applyLog(deps, known, event, seq)
    case 'image.ready':
      return applyImageReady(deps, edge, event, at)
    case 'image.evicted':
      return applyImageEvicted(deps, edge, event, at)
    case 'image.failed':
      return applyImageFailed(deps, edge, event, at)
    case 'command.result':
      return (
        (await applyScanResult(deps, edge, event, at)) ?? (await applyCommandResult(deps, edge, event, at))
      )
    case 'bmc.scan':
      return applyScanFound(deps, edge, event)
    case 'command.waiting':
      return applyCommandWaiting(deps, edge, event, at)
    case 'bmc.identified':
      return applyBmcIdentified(deps, edge, event, at)
    case 'bmc.power':
      return applyBmcPower(deps, edge, known, event, at)
    case 'bmc.certificate':
      return applyBmcCertificate(deps, edge, event, at)
    case 'deployment.console':
      return applyConsole(deps, edge, event)
    case 'bmc.log':
      return applyBmcLog(deps, edge, event, at)
    case 'deployment.note':
      return applyDeploymentNote(deps, edge, event, at)
    case 'bundle.ready':
      return applyBundleReady(deps, edge, event.version)
    case 'bundle.failed':
      return applyBundleFailed(deps, edge, event.message, at)
    case 'edge.interfaces':
      return applyInterfaces(deps, edge, event.interfaces)
    case 'dhcp.leases':
      return applyLeases(deps, edge, event.leases, at)
    case 'edge.dhcp':
      return applyDhcp(deps, edge, event.interfaces)
    case 'edge.problem':
      return applyProblem(deps, edge, event.problem, event.message, at)
    case 'journal.gap':
      deps.log.error(`an edge lost its journal entries ${event.from} to ${event.to}`, { ...edge })
      return noEffect
    default:
      return applyDeployment(deps, edge, event, at)
  }
}
