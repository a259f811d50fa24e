import type { BmcLogPage, SampleSeries, SensorsView, SiteDraw } from '@dragonfly/schema/api'
import { bmcLog, bmcSensors, racks } from '@dragonfly/schema/db'
import { type Health, rangePlans, readingsFreshMs, type SampleRange } from '@dragonfly/schema/state'
import { and, desc, eq, lt } from 'drizzle-orm'
import type { Deps, Person } from '../../deps.ts'
import { notFound } from '../../errors.ts'
import { getMachine } from '../machines/service.ts'
import { maySeeSite } from '../people/site-limits.ts'
import { readSite } from '../sites/service.ts'
import { type DrawRow, findDraws, findSeries } from './queries.ts'

export async function getMachineSeries(
  deps: Deps,
  machineId: string,
  range: SampleRange,
): Promise<SampleSeries> {
  await getMachine(deps, machineId)
  return readSeries(deps, machineId, range)
}

export async function getSiteSeries(
  deps: Deps,
  siteId: string,
  range: SampleRange,
  rackId: string | undefined,
): Promise<SampleSeries> {
  await readSite(deps, siteId)
  if (rackId === undefined) return readSeries(deps, siteId, range)
  const [rack] = await deps.db
    .select({ rackId: racks.rackId })
    .from(racks)
    .where(and(eq(racks.rackId, rackId), eq(racks.siteId, siteId)))
  if (!rack) throw notFound('rack')
  return readSeries(deps, rackId, range)
}

async function readSeries(deps: Deps, subjectId: string, range: SampleRange): Promise<SampleSeries> {
  const { lengthSeconds, fromStep, stepSeconds } = rangePlans[range]
  const to = deps.clock()
  const fromSeconds = Math.floor(to / 1000 / stepSeconds) * stepSeconds - lengthSeconds + stepSeconds
  const rows = await findSeries(deps.db, { subjectId, fromStep, stepSeconds, fromSeconds })
  const points = rows.map(({ at, ...values }) => ({ at: at * 1000, ...values }))
  return { from: fromSeconds * 1000, to, stepSeconds, points }
}

/** Sites that the person may see, with what they draw now. */
export async function listDraws(deps: Deps, person: Person): Promise<SiteDraw[]> {
  const rows = await findDraws(deps.db, deps.clock() - readingsFreshMs)
  const bySite = Map.groupBy(
    rows.filter(({ siteId }) => maySeeSite(person, siteId)),
    ({ siteId }) => siteId,
  )
  return [...bySite].map(([siteId, groups]) => {
    const count = (key: 'machines' | 'isOn' | 'isOff' | 'isLost') =>
      groups.reduce((sum, group) => sum + group[key], 0)
    return {
      siteId,
      ...addUp(groups),
      machines: count('machines'),
      on: count('isOn'),
      off: count('isOff'),
      lost: count('isLost'),
      racks: groups.flatMap((group) =>
        group.rackId === null
          ? []
          : [{ rackId: group.rackId, name: group.rackName ?? '', ...addUp([group]) }],
      ),
    }
  })
}

function addUp(groups: readonly DrawRow[]) {
  const measured = groups.reduce((sum, group) => sum + group.measured, 0)
  const inlets = groups.flatMap(({ inletCelsius }) => inletCelsius ?? [])
  return {
    powerWatts: measured > 0 ? groups.reduce((sum, { powerWatts }) => sum + (powerWatts ?? 0), 0) : null,
    measured,
    hottestInletCelsius: inlets.length > 0 ? Math.max(...inlets) : null,
  }
}

export async function getSensors(deps: Deps, machineId: string): Promise<SensorsView> {
  const [row] = await deps.db.select().from(bmcSensors).where(eq(bmcSensors.machineId, machineId))
  if (row) return { at: row.at, sensors: row.sensors }
  await getMachine(deps, machineId)
  return { at: null, sensors: [] }
}

const usualPage = 100

export async function getEventLog(
  deps: Deps,
  machineId: string,
  query: { severity?: Health | undefined; before?: number | undefined; limit?: number | undefined },
): Promise<BmcLogPage> {
  const { severity, before, limit = usualPage } = query
  await getMachine(deps, machineId)
  const rows = await deps.db
    .select()
    .from(bmcLog)
    .where(
      and(
        eq(bmcLog.machineId, machineId),
        severity ? eq(bmcLog.severity, severity) : undefined,
        before ? lt(bmcLog.id, before) : undefined,
      ),
    )
    .orderBy(desc(bmcLog.id))
    .limit(limit + 1)
  const page = rows.slice(0, limit)
  return {
    items: page.map(({ machineId: _machineId, at, entryId, ...entry }) => ({
      ...entry,
      at: at === 0 ? null : at,
      // Once it was cleared, the BMC gives its id to others.
      entryId: entryId.split('@')[0] ?? entryId,
    })),
    next: rows.length > limit ? (page.at(-1)?.id ?? null) : null,
  }
}
