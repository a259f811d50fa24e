/** Counts by Prometheus-style name. Labels are values of our own enums only, so that their number is bounded. */
export interface Counters {
  increment: (name: string, labels?: Record<string, string>) => void
  snapshot: () => Record<string, number>
}

export function createCounters(): Counters {
  const counts = new Map<string, number>()
  return {
    increment: (name, labels = {}) => {
      const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
      const key = `dragonfly_boot_${name}_total${pairs.length > 0 ? `{${pairs.join(',')}}` : ''}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    },
    snapshot: () => Object.fromEntries(counts),
  }
}
