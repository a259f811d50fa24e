import type { ChildProcess } from 'node:child_process'
import { nextFrom, send } from './fleet-processes.ts'
import type { SitesFlooded } from './fleet-sites.ts'
import { type BenchGoal, type BenchRow, goalAtLeast, row } from './report.ts'

/** What machines report, each as often as is told by itself, all at once. */
export const floods = {
  'power state': 20,
  'boot request': 20,
  'log line': 20,
  inventory: 4,
  'readings of a minute': 20,
  'all sensors': 1,
} as const
export type FloodKind = keyof typeof floods

/** What the issue of 5,000 machines asks for. */
const wantedPerSecond = 5000

/** Reports per second, by kind: from the first that is sent to the last that is on the control plane's disk. */
export async function flood(
  processes: readonly ChildProcess[],
  say: (line: string) => void,
): Promise<Map<FloodKind, number>> {
  const rates = new Map<FloodKind, number>()
  for (const [kind, perMachine] of Object.entries(floods) as [FloodKind, number][]) {
    const started = performance.now()
    const answers = processes.map((child) => nextFrom<SitesFlooded>(child, 'flooded'))
    for (const child of processes) send(child, { type: 'flood', kind, perMachine })
    const reports = (await Promise.all(answers)).reduce((sum, answer) => sum + answer.reports, 0)
    const perSecond = (1000 * reports) / (performance.now() - started)
    say(`${reports} reports (${kind}): ${Math.round(perSecond)} a second`)
    rates.set(kind, perSecond)
  }
  return rates
}

export function floodRows(subject: string, rates: ReadonlyMap<FloodKind, number>): BenchRow[] {
  return [...rates].map(([kind, value]) => row({ subject, metric: kind, unit: 'reports/s', value }))
}

export function floodGoals(rates: ReadonlyMap<FloodKind, number>): BenchGoal[] {
  return [...rates].map(([kind, got]) =>
    goalAtLeast(`reports taken in: ${kind}`, got, wantedPerSecond, 'reports/s'),
  )
}
