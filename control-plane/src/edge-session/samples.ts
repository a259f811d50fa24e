import type { EdgeFrame } from '@dragonfly/schema/wire'
import { sql } from 'drizzle-orm'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { markReadings } from '../features/machines/changed-machines.ts'

type Frame<T extends EdgeFrame['type']> = Extract<EdgeFrame, { type: T }>

const minuteMs = 60_000
/** An edge tells what it measured during an outage, up to a quarter of an hour; clocks may differ. */
const oldestMs = 30 * minuteMs
const newestMs = 5 * minuteMs

/**
 * Takes the samples of a minute: one statement for the history and one for what lists show, however many machines. Only
 * of machines of this site; the same minute told twice counts once. `cross join` and the unary plus keep SQLite from
 * going through the whole site for each sample: it is to look each machine up.
 */
export async function applySamples(
  deps: Deps,
  edge: EdgeIdentity,
  { at, samples }: Frame<'samples'>,
): Promise<void> {
  const now = deps.clock()
  if (at < now - oldestMs || at > now + newestMs) return
  const minute = Math.floor(at / minuteMs) * minuteMs
  const rows = JSON.stringify(
    samples.map((sample) => [
      sample.machineId,
      sample.powerWatts,
      sample.inletCelsius,
      sample.hottestCelsius,
    ]),
  )
  const history = deps.db.run(sql`insert into samples
      (subject_id, step_seconds, at, power_watts, inlet_celsius, hottest_celsius, machines)
    select b.machine_id, 60, ${minute / 1000}, t.value ->> 1, t.value ->> 2, t.value ->> 3, 1
    from json_each(${rows}) t cross join bmcs b on b.machine_id = t.value ->> 0 and b.site_id = ${edge.siteId}
    where true
    on conflict (subject_id, step_seconds, at) do update set power_watts = excluded.power_watts,
      inlet_celsius = excluded.inlet_celsius, hottest_celsius = excluded.hottest_celsius`)
  const newest = deps.db.all<{ machineId: string }>(sql`update bmcs
    set power_watts = round(t.watts), inlet_celsius = round(t.inlet), hottest_celsius = round(t.hottest),
      sampled_at = ${minute}
    from (select value ->> 0 as id, value ->> 1 as watts, value ->> 2 as inlet, value ->> 3 as hottest
      from json_each(${rows})) t
    where bmcs.machine_id = t.id and +bmcs.site_id = ${edge.siteId} and coalesce(bmcs.sampled_at, 0) <= ${minute}
    returning bmcs.machine_id as machineId`)
  const [, taken] = await deps.db.batch([history, newest, markReadings(deps.db, edge.siteId)])
  const current = new Set(taken.map(({ machineId }) => machineId))
  const machines = samples
    .filter(({ machineId }) => current.has(machineId))
    .map(({ machineId, powerWatts, inletCelsius, hottestCelsius }) => ({
      machineId,
      powerWatts: rounded(powerWatts),
      inletCelsius: rounded(inletCelsius),
      hottestCelsius: rounded(hottestCelsius),
    }))
  if (machines.length > 0)
    deps.live.publish([{ type: 'readings', siteId: edge.siteId, at: minute, machines }])
}

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value)
}

/** Keeps every sensor of machines of this site as they were last told: one statement, however many machines. */
export async function applySensors(
  deps: Deps,
  edge: EdgeIdentity,
  frames: readonly Frame<'sensors'>[],
): Promise<void> {
  const rows = JSON.stringify(
    frames.map(({ machineId, at, sensors }) => [machineId, at, JSON.stringify(sensors)]),
  )
  const taken = await deps.db.all<{ machineId: string }>(sql`insert into bmc_sensors (machine_id, at, sensors)
    select b.machine_id, t.value ->> 1, t.value ->> 2
    from json_each(${rows}) t cross join bmcs b on b.machine_id = t.value ->> 0 and b.site_id = ${edge.siteId}
    where true
    on conflict (machine_id) do update set at = excluded.at, sensors = excluded.sensors
    where excluded.at >= bmc_sensors.at
    returning machine_id as machineId`)
  const machineIds = new Set(taken.map(({ machineId }) => machineId))
  deps.live.publish([...machineIds].map((machineId) => ({ type: 'sensors', machineId })))
}
