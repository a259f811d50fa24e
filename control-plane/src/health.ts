import type { Deps, Person } from './deps.ts'
import { renderMachineMetrics } from './features/monitoring/metrics.ts'
import { selectSetting } from './features/settings/settings.ts'
import { metricHelp } from './metrics.ts'

const answersWithinMs = 5000

interface Unready {
  check: string
  message: string
  error?: unknown
}

/**
 * Finds what keeps the program from its work; nothing when it is ready. It is asked every few seconds: only what has
 * changed since is logged.
 */
export function createReadiness(): (deps: Deps) => Promise<Unready[]> {
  let told = ''
  return async (deps) => {
    const found = await findUnready(deps)
    const text = renderUnready(found)
    if (text !== told) {
      const error = found.find((reason) => reason.error !== undefined)?.error
      if (text === '') deps.log.info('ready again')
      else deps.log.error('not ready', { reasons: text, error })
      told = text
    }
    return found
  }
}

/** For a person: `check: sentence`, one after the other. */
export function renderUnready(found: readonly Unready[]): string {
  return found.map(({ check, message }) => `${check}: ${message}`).join(' ')
}

async function findUnready(deps: Deps): Promise<Unready[]> {
  const host = await deps.findHostProblems()
  const database = await checkDatabase(deps)
  // What the host knows of the database says more than that it does not answer.
  return database && !host.some(({ check }) => check === 'database') ? [...host, database] : host
}

async function checkDatabase(deps: Deps): Promise<Unready | null> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer for ${answersWithinMs} ms`)), answersWithinMs)
  })
  try {
    const [key] = await Promise.race([selectSetting(deps.db, 'signer-key'), late])
    if (key) return null
    return { check: 'signer-key', message: 'The database does not hold the key that orders are signed with.' }
  } catch (error) {
    return { check: 'database', message: 'The database does not answer; the log says why.', error }
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
