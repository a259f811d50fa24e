/** In each round every subject has its turn, so that what else the machine does hits all alike. */
export const benchRounds = Number(process.env.DRAGONFLY_BENCH_ROUNDS ?? 7)

/** One figure, beside a peer's where there is one that was measured in the same run. */
export interface BenchRow {
  subject: string
  metric: string
  unit: string
  value: number
  peer: string | null
  peerValue: number | null
  /** `value / peerValue`. */
  ratio: number | null
}

export interface BenchGoal {
  name: string
  want: string
  got: string
  met: boolean
}

export interface BenchReport {
  name: string
  rows: BenchRow[]
  goals: BenchGoal[]
}

export function row(
  fields: { subject: string; metric: string; unit: string; value: number },
  peer?: { name: string; value: number },
): BenchRow {
  const value = rounded(fields.value)
  if (!peer) return { ...fields, value, peer: null, peerValue: null, ratio: null }
  const ratio = rounded(fields.value / peer.value)
  return { ...fields, value, peer: peer.name, peerValue: rounded(peer.value), ratio }
}

/** A goal that is met below `limit`. */
export function goalBelow(name: string, got: number, limit: number, unit: string): BenchGoal {
  return { name, want: `< ${rounded(limit)} ${unit}`, got: `${rounded(got)} ${unit}`, met: got < limit }
}

/** A goal that is met from `limit` on. */
export function goalAtLeast(name: string, got: number, limit: number, unit: string): BenchGoal {
  return { name, want: `>= ${rounded(limit)} ${unit}`, got: `${rounded(got)} ${unit}`, met: got >= limit }
}

/** A goal that is met up to `limit`. */
export function goalAtMost(name: string, got: number, limit: number, unit: string): BenchGoal {
  return { name, want: `<= ${rounded(limit)} ${unit}`, got: `${rounded(got)} ${unit}`, met: got <= limit }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  const [low = Number.NaN, high = low] = [sorted[(sorted.length - 1) >> 1], sorted[middle]]
  return (low + high) / 2
}

export function renderReport(report: BenchReport): string {
  const rows = report.rows.map(({ subject, metric, unit, value, peer, peerValue, ratio }) => {
    const beside = peer === null ? '' : `   ${peer}: ${peerValue} ${unit} (${ratio} of it)`
    return `${subject.padEnd(34)} ${metric.padEnd(16)} ${String(value).padStart(9)} ${unit}${beside}`
  })
  const goals = report.goals.map(
    ({ name, want, got, met }) => `${met ? 'met   ' : 'MISSED'}  ${name}: ${got} (want ${want})`,
  )
  return [report.name, ...rows, ...goals].join('\n')
}

function rounded(value: number): number {
  return Number(value.toPrecision(3))
}
