import type { Deps } from '../deps.ts'

/** How far an edge's clock may be ahead. */
const toleranceMs = 60_000

/**
 * When something happened, by the clock of the edge that tells it. What has not come yet counts as now: kept as it is
 * told, nothing that happens later would ever be newer.
 */
export function readToldTime({ clock, metrics }: Pick<Deps, 'clock' | 'metrics'>, at: number): number {
  const now = clock()
  if (at <= now + toleranceMs) return at
  metrics.count('dragonfly_future_times_total')
  return now
}
