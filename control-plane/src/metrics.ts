export interface Metrics {
  /** Adds 1, or `by`. */
  count(name: MetricName, labels?: string, by?: number): void
  /** Over all of the control plane, wherever it was counted. */
  counters(): Promise<readonly Counter[]>
}

export interface Counter {
  name: MetricName
  labels: string
  value: number
}

export const metricHelp = {
  dragonfly_http_requests_total: 'HTTP requests by status class',
  dragonfly_journal_entries_total: 'Journal entries taken from edges',
  dragonfly_journal_repeats_total: 'Journal entries that had been taken before',
  dragonfly_bad_frames_total: 'Frames from edges that could not be read',
  dragonfly_future_times_total: 'What edges told of a time that has not come yet: taken as of now',
  dragonfly_tunnels_cut_total: 'Tunnels of edges that this side ended, by reason',
  dragonfly_edge_tokens_refused_total: 'Requests of edges whose token was refused, by reason',
  dragonfly_requests_too_large_total: 'HTTP requests with more bytes than are taken',
  dragonfly_deployments_created_total: 'Deployments created',
  dragonfly_commands_total: 'Commands to edges by kind',
  dragonfly_addresses_refused_total: 'Requests from addresses that are not on the allowlist',
  dragonfly_audit_dropped_total: 'Requests of strangers that were too many for the audit log',
  dragonfly_audit_failures_total: 'Entries that could not be written into the audit log',
} as const
export type MetricName = keyof typeof metricHelp

export function createMetrics(): Metrics {
  const values = new Map<string, Counter>()
  return {
    count(name, labels = '', by = 1) {
      const key = `${name}{${labels}}`
      const entry = values.get(key) ?? { name, labels, value: 0 }
      entry.value += by
      values.set(key, entry)
    },
    counters: async () => [...values.values()],
  }
}
