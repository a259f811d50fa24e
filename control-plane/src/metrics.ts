export interface Metrics {
  /** Adds 1, or `by`. */
  count(name: MetricName, labels?: string, by?: number): void
  counters(): { name: MetricName; labels: string; value: number }[]
}

export const metricHelp = {
  dragonfly_http_requests_total: 'HTTP requests by status class',
  dragonfly_journal_entries_total: 'Journal entries taken from edges',
  dragonfly_journal_repeats_total: 'Journal entries that had been taken before',
  dragonfly_bad_frames_total: 'Frames from edges that could not be read',
  dragonfly_deployments_created_total: 'Deployments created',
  dragonfly_commands_total: 'Commands to edges by kind',
  dragonfly_addresses_refused_total: 'Requests from addresses that are not on the allowlist',
  dragonfly_audit_dropped_total: 'Requests of strangers that were too many for the audit log',
  dragonfly_audit_failures_total: 'Entries that could not be written into the audit log',
} as const
type MetricName = keyof typeof metricHelp

export function createMetrics(): Metrics {
  const values = new Map<string, { name: MetricName; labels: string; value: number }>()
  return {
    count(name, labels = '', by = 1) {
      const key = `${name}{${labels}}`
      const entry = values.get(key) ?? { name, labels, value: 0 }
      entry.value += by
      values.set(key, entry)
    },
    counters: () => [...values.values()],
  }
}
