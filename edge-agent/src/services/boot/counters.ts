/** Counts by Prometheus-style name. Labels are values of our own enums only, so that their number is bounded. */
export interface Counters {
  increment: (name: string, labels?: Record<string, string>) => void
  /** What increments one count, for what is counted with each packet. */
  counter: (name: string, labels: Record<string, string>) => () => void
  snapshot: () => Record<string, number>
}

export function createCounters(): Counters {
  const counts = new Map<string, { count: number }>()
  const find = (name: string, labels: Record<string, string> = {}): { count: number } => {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
    const key = `dragonfly_boot_${name}_total${pairs.length === 0 ? '' : `{${pairs.join(',')}}`}`
    const found = counts.get(key)
    if (found) return found
    const fresh = { count: 0 }
    counts.set(key, fresh)
    return fresh
  }
  return {
    increment: (name, labels) => {
      find(name, labels).count += 1
    },
    counter: (name, labels) => {
      const found = find(name, labels)
      return () => {
        found.count += 1
      }
    },
    snapshot: () => Object.fromEntries(Array.from(counts, ([key, { count }]) => [key, count])),
  }
}
