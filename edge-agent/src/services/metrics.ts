import type { EdgeStatus } from './status.ts'

/** Prometheus text format 0.0.4. */
export function renderMetrics(status: EdgeStatus, counters: Record<string, number>): string {
  const lines: string[] = []
  const gauge = (name: string, help: string, values: Record<string, number> | number): void => {
    lines.push(`# HELP dragonfly_edge_${name} ${help}`, `# TYPE dragonfly_edge_${name} gauge`)
    if (typeof values === 'number') lines.push(`dragonfly_edge_${name} ${values}`)
    else
      for (const [label, value] of Object.entries(values))
        lines.push(`dragonfly_edge_${name}{${label}} ${value}`)
  }
  gauge('info', 'Version of this edge.', { [`version="${status.version}"`]: 1 })
  gauge(
    'tunnel_connected',
    '1 while the control plane is connected.',
    status.tunnel.kind === 'connected' ? 1 : 0,
  )
  gauge('journal_entries', 'Events that the control plane has not taken yet.', status.journal.entries)
  gauge('journal_bytes', 'Their size.', status.journal.bytes)
  gauge('ramdisks', 'Ramdisks that are connected.', status.ramdisks)
  gauge('problems', 'Problems that want a person.', status.problems.length)
  gauge('deployments', 'Deployments by status.', labelled('status', status.deployments))
  gauge('images', 'Images by status.', labelled('status', status.images))
  for (const [name, value] of Object.entries(counters)) {
    const [plain = name] = name.split('{', 1)
    if (!lines.includes(`# TYPE ${plain} counter`)) lines.push(`# TYPE ${plain} counter`)
    lines.push(`${name} ${value}`)
  }
  return `${lines.join('\n')}\n`
}

function labelled(label: string, counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).map(([value, count]) => [`${label}="${value}"`, count]))
}
