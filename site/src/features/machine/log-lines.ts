import type { LogLine } from '../../api/views.ts'

/** A browser keeps this many lines of a machine; the server keeps the rest. */
const keptLines = 20_000

/** Appends what is new, in order, each line once. */
export function appendLines(lines: readonly LogLine[], more: readonly LogLine[]): LogLine[] {
  const lastId = lines.at(-1)?.id ?? -1
  const added = more.filter((line) => line.id > lastId)
  return added.length === 0 ? (lines as LogLine[]) : [...lines, ...added].slice(-keptLines)
}

export interface LogFilter {
  text: string
  debug: boolean
}

export function filterLines(lines: readonly LogLine[], filter: LogFilter): readonly LogLine[] {
  const text = filter.text.toLowerCase()
  if (!text && filter.debug) return lines
  return lines.filter(
    (line) => (filter.debug || line.level !== 'debug') && (!text || line.text.toLowerCase().includes(text)),
  )
}

/** For the clipboard: what a bug report wants. */
export function renderLines(lines: readonly LogLine[]): string {
  return lines
    .map((line) => `${new Date(line.at).toISOString()} ${line.level.padEnd(7)} ${line.text}`)
    .join('\n')
}
