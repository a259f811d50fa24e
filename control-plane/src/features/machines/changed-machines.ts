import type { MachineView } from '@dragonfly/schema/api'
import { bmcs, deployments, listRevisions, machines } from '@dragonfly/schema/db'
import { isActive } from '@dragonfly/schema/state'
import { gt, max, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../../database.ts'
import { findNewestDeployments } from '../deployments/queries.ts'
import { renderStoredDeployments } from '../deployments/read.ts'
import { renderDeployment } from '../deployments/view.ts'
import { findBelongings, findMachines } from './queries.ts'
import { renderMachine } from './view.ts'

/** What of the list is to be replaced, and by what. */
export interface LoadedMachines {
  /** Of the database; everything up to it is in here. */
  revision: number
  /** Ids of machines, and of sites whose machines are all concerned. */
  subjects: ReadonlySet<string> | 'all'
  /** The machines of the subjects that are still there. */
  views: MachineView[]
  /** Of machines besides those, whose BMCs measured something: nothing else of them has changed. */
  readings: MachineReadings[]
}

export interface MachineReadings {
  machineId: string
  powerWatts: number | null
  inletCelsius: number | null
  hottestCelsius: number | null
  sampledAt: number | null
}

/** The subject that stands for every machine. */
const everyMachine = ''
/** Before a site's id: the subject that stands for what its BMCs measured, the most frequent of all changes. */
const readingsPrefix = 'readings of '

/** Reads the machines that the list shows otherwise than at a revision; all of them without one. */
export async function loadMachines(db: Database, since: number | null): Promise<LoadedMachines> {
  // The revisions come first: what changes while the rest is read is read again by the next one.
  if (since === null)
    return { revision: await readRevision(db), subjects: 'all', views: await readViews(db), readings: [] }
  const changes = await db
    .select({ subjectId: listRevisions.subjectId, revision: listRevisions.revision })
    .from(listRevisions)
    .where(gt(listRevisions.revision, since))
  const revision = changes.reduce((most, change) => Math.max(most, change.revision), since)
  const [measured, changed] = partition(changes.map(({ subjectId }) => subjectId))
  if (changed.has(everyMachine))
    return { revision, subjects: 'all', views: await readViews(db), readings: [] }
  const [readings, views] = await Promise.all([
    measured.length === 0 ? [] : readReadings(db, measured),
    changed.size === 0 ? [] : readViews(db, [...changed]),
  ])
  return { revision, subjects: changed, views, readings }
}

/** Ids of sites whose BMCs measured something, and the subjects that changed otherwise. */
function partition(subjects: readonly string[]): [measured: string[], changed: Set<string>] {
  const measured = subjects.filter((subject) => subject.startsWith(readingsPrefix))
  return [
    measured.map((subject) => subject.slice(readingsPrefix.length)),
    new Set(subjects.filter((subject) => !subject.startsWith(readingsPrefix))),
  ]
}

function readReadings(db: Database, siteIds: readonly string[]): Promise<MachineReadings[]> {
  const { machineId, powerWatts, inletCelsius, hottestCelsius, sampledAt } = bmcs
  return db
    .select({ machineId, powerWatts, inletCelsius, hottestCelsius, sampledAt })
    .from(bmcs)
    .where(sql`${bmcs.siteId} in (select value from json_each(${JSON.stringify(siteIds)}))`)
}

/** A statement for a batch that writes readings of a site's BMCs, and nothing else of them. */
export function markReadings(db: Database, siteId: string) {
  const revision = sql<number>`(select coalesce(max(revision), 0) + 1 from list_revisions)`
  return db
    .insert(listRevisions)
    .values({ subjectId: `${readingsPrefix}${siteId}`, revision })
    .onConflictDoUpdate({ target: listRevisions.subjectId, set: { revision: sql`excluded.revision` } })
}

async function readRevision(db: Database): Promise<number> {
  const [row] = await db.select({ newest: max(listRevisions.revision) }).from(listRevisions)
  return row?.newest ?? 0
}

/** The list leaves the timelines of deployments that ended well out: they are read one by one. */
async function readViews(db: Database, subjects?: readonly string[]): Promise<MachineView[]> {
  const ids = subjects && idsOf(subjects)
  const [rows, belongings, newest] = await Promise.all([
    findMachines(db, ids && sql`${machines.machineId} in ${ids}`),
    findBelongings(db, ids),
    findNewestDeployments(db, ids && sql`${deployments.machineId} in ${ids}`),
  ])
  const lively = newest.filter((row) => isActive(row.status) || row.status === 'failed')
  const settled = newest.filter((row) => !isActive(row.status) && row.status !== 'failed')
  const views = [
    ...(await renderStoredDeployments(db, lively)),
    ...settled.map((row) => renderDeployment(row, [], undefined)),
  ]
  const byMachine = new Map(views.map((view) => [view.machineId, view]))
  return rows.map((row) => renderMachine(row, belongings, byMachine.get(row.machineId) ?? null))
}

/** In SQL: the machines among the subjects, and those of the sites among them. */
function idsOf(subjects: readonly string[]): SQL {
  const values = sql`(select value from json_each(${JSON.stringify(subjects)}))`
  return sql`(select machine_id from machines where machine_id in ${values}
    union select machine_id from machines where site_id in ${values})`
}
