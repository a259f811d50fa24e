/** One value of a line; null where nothing was measured. */
export interface PlotPoint {
  at: number
  value: number | null
}

/** A step of 1, 2 or 5 times a power of ten, so that about `count` of them cover the range. */
export function niceStep(range: number, count: number): number {
  const rough = Math.max(range, 1e-9) / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = [1, 2, 5, 10].find((nice) => nice * power >= rough) ?? 10
  return factor * power
}

/** Bounds and ticks of an axis that holds all values, with a little air when they are all the same. */
export function valueAxis(
  values: readonly number[],
  options: { fromZero: boolean; count?: number },
): { least: number; most: number; ticks: number[] } {
  const least = options.fromZero ? 0 : Math.min(...values)
  const most = Math.max(...values)
  const step = niceStep(most - least || Math.abs(most) || 1, options.count ?? 3)
  const from = Math.floor(least / step) * step
  const to = Math.max(Math.ceil(most / step) * step, from + step)
  const ticks = Array.from({ length: Math.round((to - from) / step) + 1 }, (_, index) =>
    Number((from + index * step).toPrecision(12)),
  )
  return { least: from, most: to, ticks }
}

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const timeSteps = [
  5 * minute,
  15 * minute,
  30 * minute,
  hour,
  3 * hour,
  6 * hour,
  day,
  2 * day,
  7 * day,
  14 * day,
  61 * day,
  122 * day,
]

/** Where the time axis is labelled: at full hours or days of the reader, at most `count` of them. */
export function timeTicks(from: number, to: number, count: number, offsetMs: number): number[] {
  const step = timeSteps.find((candidate) => (to - from) / candidate <= count) ?? 183 * day
  const first = Math.ceil((from + offsetMs) / step) * step - offsetMs
  return Array.from(
    { length: Math.max(0, Math.floor((to - first) / step) + 1) },
    (_, index) => first + index * step,
  )
}

export interface Scale {
  x: (at: number) => number
  y: (value: number) => number
}

/** SVG path of a line; where more than two steps are missing, the pen is lifted. */
export function linePath(points: readonly PlotPoint[], stepMs: number, { x, y }: Scale): string {
  let before: number | null = null
  const parts: string[] = []
  for (const { at, value } of points) {
    if (value === null) continue
    const goesOn = before !== null && at - before <= 2.5 * stepMs
    parts.push(`${goesOn ? 'L' : 'M'}${x(at).toFixed(1)} ${y(value).toFixed(1)}`)
    // A lone point would not be seen.
    if (!goesOn) parts.push('h0.01')
    before = at
  }
  return parts.join('')
}

/** Index of the point that is nearest in time. */
export function nearestPoint(points: readonly { at: number }[], at: number): number {
  let best = 0
  for (const [index, point] of points.entries())
    if (Math.abs(point.at - at) < Math.abs((points[best]?.at ?? 0) - at)) best = index
  return best
}
