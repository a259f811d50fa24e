import { sql } from 'drizzle-orm'
import type { Deps, Person } from './deps.ts'
import { renderMachineMetrics } from './features/monitoring/metrics.ts'
import { metricHelp } from './metrics.ts'

/** Whether the database answers. */
export async function isReady(deps: Deps): Promise<boolean> {
  try {
    await deps.db.run(sql`select 1`)
    return true
  } catch (error) {
    deps.logError('the database does not answer', error)
    return false
  }
}

/** Prometheus text format, version 0.0.4. */
export async function renderMetrics(deps: Deps, person: Pick<Person, 'siteIds'> | null): Promise<string> {
  const counters = deps.metrics.counters()
  const [connected, subscribers] = await Promise.all([deps.connections.connected(), deps.live.count()])
  const lines = Object.entries(metricHelp).flatMap(([name, help]) => [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} counter`,
    ...counters
      .filter((counter) => counter.name === name)
      .map(({ labels, value }) => `${name}${labels ? `{${labels}}` : ''} ${value}`),
  ])
  const gauges = [
    ['dragonfly_edges_connected', 'Tunnels that are open', connected.size],
    ['dragonfly_live_subscribers', 'People’s sockets that are open', subscribers],
  ] as const
  for (const [name, help, value] of gauges) {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${value}`)
  }
  lines.push(...(await renderMachineMetrics(deps, person)))
  return `${lines.join('\n')}\n`
}
