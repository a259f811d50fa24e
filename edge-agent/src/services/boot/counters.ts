/** Counts by Prometheus-style name. Labels are values of our own enums only, so that their number is bounded. */
export interface Counters {
  increment: (name: string, labels?: Record<string, string>) => void
  snapshot: () => Record<string, number>
}

export function createCounters(): Counters {
  const counts = new Map<string, number>()
  return {
    increment: (name, labels) => {
      // Counted for each packet: no more than one text is made.
      let pairs = ''
      for (const label in labels) pairs += `${pairs === '' ? '' : ','}${label}="${labels[label]}"`
      const key = pairs === '' ? name : `${name}{${pairs}}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    },
    snapshot: () =>
      Object.fromEntries(
        Array.from(counts, ([key, count]) => {
          const [name = '', pairs] = key.split('{', 2)
          return [`dragonfly_boot_${name}_total${pairs === undefined ? '' : `{${pairs}`}`, count]
        }),
      ),
  }
}
