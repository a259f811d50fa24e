import type { Deps, Person } from './deps.ts'
import { renderMachineMetrics } from './features/monitoring/metrics.ts'
import { selectSetting } from './features/settings/settings.ts'
import { metricHelp } from './metrics.ts'

const answersWithinMs = 5000

/** What keeps it from its work, as `check: sentence`; nothing when it is ready. */
export async function findUnready(deps: Deps): Promise<string[]> {
  const host = await deps.findHostProblems()
  const database = await checkDatabase(deps)
  // What the host knows of the database says more than that it does not answer.
  const all = database && !host.some(({ check }) => check === 'database') ? [...host, database] : host
  return all.map(({ check, message }) => `${check}: ${message}`)
}

async function checkDatabase(deps: Deps): Promise<{ check: string; message: string } | null> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer for ${answersWithinMs} ms`)), answersWithinMs)
  })
  try {
    const [key] = await Promise.race([selectSetting(deps.db, 'signer-key'), late])
    if (key) return null
    return { check: 'signer-key', message: 'The database does not hold the key that orders are signed with.' }
  } catch (error) {
    deps.logError('the database does not answer', error)
    return { check: 'database', message: 'The database does not answer; the log says why.' }
  } finally {
    clearTimeout(timer)
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
