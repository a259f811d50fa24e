import { type SQL, sql } from 'drizzle-orm'
import type { Database } from '../../database.ts'

/** Numbers are bound as floating point: without the cast, nothing would be rounded down. */
const beginOf = (at: SQL, stepSeconds: number) => sql`${at} - ${at} % cast(${stepSeconds} as integer)`

export interface SeriesQuery {
  subjectId: string
  /** The kept step that is read, and the one that is wanted. */
  fromStep: number
  stepSeconds: number
  fromSeconds: number
}

export function findSeries(db: Database, { subjectId, fromStep, stepSeconds, fromSeconds }: SeriesQuery) {
  return db.all<{
    at: number
    powerWatts: number | null
    inletCelsius: number | null
    hottestCelsius: number | null
  }>(sql`select ${beginOf(sql`at`, stepSeconds)} as at, round(avg(power_watts), 1) as powerWatts,
      round(avg(inlet_celsius), 1) as inletCelsius, round(max(hottest_celsius), 1) as hottestCelsius
    from samples where subject_id = ${subjectId} and step_seconds = ${fromStep} and at >= ${fromSeconds}
    group by 1 order by 1`)
}

export interface DrawRow {
  siteId: string
  rackId: string | null
  rackName: string | null
  machines: number
  isOn: number
  isOff: number
  isLost: number
  powerWatts: number | null
  measured: number
  inletCelsius: number | null
}

/** What machines with a BMC draw now, per site and rack; measurements before `freshAfter` don't count. */
export function findDraws(db: Database, freshAfter: number) {
  const fresh = sql`b.sampled_at >= ${freshAfter} and b.problem is null`
  return db.all<DrawRow>(sql`select b.site_id as siteId, r.rack_id as rackId, r.name as rackName,
      count(*) as machines,
      sum(b.problem is null and b.power_state = 'on') as isOn,
      sum(b.problem is null and b.power_state = 'off') as isOff,
      sum(b.problem is not null) as isLost,
      sum(case when ${fresh} then b.power_watts end) as powerWatts,
      count(case when ${fresh} then b.power_watts end) as measured,
      max(case when ${fresh} then b.inlet_celsius end) as inletCelsius
    from bmcs b left join rack_slots s on s.machine_id = b.machine_id left join racks r on r.rack_id = s.rack_id
    where b.protocol <> 'wake-on-lan'
    group by b.site_id, r.rack_id order by b.site_id, r.name`)
}

/** What belongs to a site and has samples: its machines, its racks, and itself. */
const subjectsOf = (siteId: string) => sql`(select machine_id as id from bmcs where site_id = ${siteId}
  union all select ${siteId} union all select rack_id from racks where site_id = ${siteId})`

const keepNewer = sql`on conflict (subject_id, step_seconds, at) do update set power_watts = excluded.power_watts,
  inlet_celsius = excluded.inlet_celsius, hottest_celsius = excluded.hottest_celsius, machines = excluded.machines`
const columns = sql`(subject_id, step_seconds, at, power_watts, inlet_celsius, hottest_celsius, machines)`

/** Adds up the minutes since `fromSeconds`: the site's, and each of its racks'. */
export async function addUpMinutes(db: Database, siteId: string, fromSeconds: number): Promise<void> {
  // `cross join` keeps the order: each machine's few rows are found by the key.
  await db.run(sql`insert into samples ${columns}
    select b.site_id, 60, m.at, sum(m.power_watts), max(m.inlet_celsius), max(m.hottest_celsius), count(m.power_watts)
    from bmcs b cross join samples m on m.subject_id = b.machine_id and m.step_seconds = 60 and m.at >= ${fromSeconds}
    where b.site_id = ${siteId} group by m.at ${keepNewer}`)
  await db.run(sql`insert into samples ${columns}
    select r.rack_id, 60, m.at, sum(m.power_watts), max(m.inlet_celsius), max(m.hottest_celsius), count(m.power_watts)
    from racks r join rack_slots s on s.rack_id = r.rack_id
    cross join samples m on m.subject_id = s.machine_id and m.step_seconds = 60 and m.at >= ${fromSeconds}
    where r.site_id = ${siteId} group by r.rack_id, m.at ${keepNewer}`)
}

/** Makes the coarser steps that begin at `fromSeconds` or later out of the finer ones; as often as one likes. */
export async function coarsen(
  db: Database,
  siteId: string,
  step: { from: number; to: number; fromSeconds: number },
): Promise<void> {
  const begin = Math.floor(step.fromSeconds / step.to) * step.to
  await db.run(sql`insert into samples ${columns}
    select m.subject_id, ${step.to}, ${beginOf(sql`m.at`, step.to)} as begin, avg(m.power_watts), avg(m.inlet_celsius),
      max(m.hottest_celsius), round(avg(m.machines))
    from ${subjectsOf(siteId)} x
    cross join samples m on m.subject_id = x.id and m.step_seconds = ${step.from} and m.at >= ${begin}
    where true group by m.subject_id, begin ${keepNewer}`)
}

/** Everything that has samples. The index is walked from one to the next, not row by row. */
export async function findSubjects(db: Database): Promise<{ id: string; isGone: boolean }[]> {
  const rows = await db.all<{ id: string; isGone: number }>(sql`with recursive s(id) as (
      select min(subject_id) from samples
      union all select (select min(subject_id) from samples where subject_id > s.id) from s where s.id is not null)
    select id, not exists (select 1 from bmcs where machine_id = id) and not exists (select 1 from sites where site_id = id)
      and not exists (select 1 from racks where rack_id = id) as isGone
    from s where id is not null`)
  return rows.map(({ id, isGone }) => ({ id, isGone: Boolean(isGone) }))
}

export async function deleteSamples(
  db: Database,
  ids: readonly string[],
  older: { stepSeconds: number; beforeSeconds: number },
): Promise<void> {
  await db.run(sql`delete from samples where subject_id in (select value from json_each(${JSON.stringify(ids)}))
    and step_seconds = ${older.stepSeconds} and at < ${older.beforeSeconds}`)
}
