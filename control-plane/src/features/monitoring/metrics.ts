import { bmcs, machines, sites } from '@dragonfly/schema/db'
import { readingsFreshMs } from '@dragonfly/schema/state'
import { eq, ne } from 'drizzle-orm'
import type { Deps, Person } from '../../deps.ts'
import { maySeeSite } from '../people/site-limits.ts'

/** A scrape of more is cut off: Prometheus would not thank us either. */
const mostMachines = 10_000

/** What Prometheus hears of machines with a BMC. What is not known now is left out, not repeated. */
export async function renderMachineMetrics(
  deps: Deps,
  /** Null: the scraper, who may see everything. */
  person: Pick<Person, 'siteIds'> | null,
): Promise<string[]> {
  const all = await deps.db
    .select({
      siteId: bmcs.siteId,
      machineId: bmcs.machineId,
      site: sites.name,
      name: machines.name,
      address: bmcs.address,
      powerState: bmcs.powerState,
      powerWatts: bmcs.powerWatts,
      inletCelsius: bmcs.inletCelsius,
      sampledAt: bmcs.sampledAt,
      problem: bmcs.problem,
      reachableAt: bmcs.reachableAt,
    })
    .from(bmcs)
    .innerJoin(machines, eq(machines.machineId, bmcs.machineId))
    .innerJoin(sites, eq(sites.siteId, bmcs.siteId))
    .where(ne(bmcs.protocol, 'wake-on-lan'))
    .limit(mostMachines)
  const freshAfter = deps.clock() - readingsFreshMs
  const rows = all
    .filter(({ siteId }) => person === null || maySeeSite(person, siteId))
    .map((row) => ({
      ...row,
      isFresh: row.problem === null && row.sampledAt !== null && row.sampledAt >= freshAfter,
      labels: `machine="${escapeLabel(row.name ?? row.address)}",machine_id="${row.machineId}",site="${escapeLabel(row.site)}"`,
    }))
  type Row = (typeof rows)[number]
  const gauge = (name: string, help: string, value: (row: Row) => number | null): string[] => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} gauge`,
    ...rows.flatMap((row) => {
      const number = value(row)
      return number === null ? [] : [`${name}{${row.labels}} ${number}`]
    }),
  ]
  return [
    ...gauge('dragonfly_machine_power_watts', 'What the machine draws', (row) =>
      row.isFresh ? row.powerWatts : null,
    ),
    ...gauge('dragonfly_machine_inlet_celsius', 'Temperature of the air that comes in', (row) =>
      row.isFresh ? row.inletCelsius : null,
    ),
    ...gauge('dragonfly_machine_power_on', '1 while the machine is on, 0 while it is off', (row) =>
      row.problem !== null || row.powerState === 'unknown' ? null : Number(row.powerState === 'on'),
    ),
    ...gauge('dragonfly_bmc_reachable', '1 while the BMC answers', (row) =>
      row.problem !== null ? 0 : row.reachableAt === null ? null : 1,
    ),
  ]
}

/** A label's value in Prometheus' text format. */
function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
