export interface Sample {
  atMs: number
  bytesDone: number
}

/** Samples older than this no longer count: a rate is what happens now. */
const windowMs = 12_000

/** Adds a sample, drops the old ones; a step backwards (a new attempt) starts over. */
export function addSample(samples: readonly Sample[], sample: Sample): Sample[] {
  const last = samples.at(-1)
  if (last && sample.bytesDone < last.bytesDone) return [sample]
  return [...samples.filter((other) => sample.atMs - other.atMs <= windowMs), sample]
}

/** Bytes per second over the window; null until two samples lie half a second apart, or when nothing came for long. */
export function bytesPerSecond(samples: readonly Sample[], nowMs: number): number | null {
  const first = samples[0]
  const last = samples.at(-1)
  if (!first || !last || last.atMs - first.atMs < 500 || nowMs - last.atMs > windowMs) return null
  return ((last.bytesDone - first.bytesDone) * 1000) / (last.atMs - first.atMs)
}

/** Time until the last byte at this rate; null when there is no honest answer. */
export function remainingMs(bytesDone: number, bytesTotal: number, rate: number | null): number | null {
  if (!rate || rate <= 0 || bytesTotal <= 0) return null
  return (Math.max(0, bytesTotal - bytesDone) * 1000) / rate
}

/** 0 to 100, and never 100 before the last byte. */
export function percentDone(bytesDone: number, bytesTotal: number): number {
  if (bytesTotal <= 0) return 0
  if (bytesDone >= bytesTotal) return 100
  return Math.min(99.9, (bytesDone * 100) / bytesTotal)
}
