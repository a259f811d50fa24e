export interface AuditSearch {
  actor?: string | undefined
  operation?: string | undefined
  subject?: string | undefined
  machineId?: string | undefined
  outcome?: 'done' | 'refused' | 'failed' | undefined
  /** Days as `2026-11-22`, both inclusive, in the reader's time zone. */
  from?: string | undefined
  to?: string | undefined
}

const outcomes = ['done', 'refused', 'failed'] as const
const day = /^\d{4}-\d{2}-\d{2}$/
const longestText = 200

/** The filters of an address; what makes no sense is left out. */
export function readAuditSearch(search: Record<string, unknown>): AuditSearch {
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' || typeof value === 'number'
      ? String(value).slice(0, longestText) || undefined
      : undefined
  const date = (value: unknown): string | undefined =>
    typeof value === 'string' && day.test(value) && !Number.isNaN(startOfDay(value)) ? value : undefined
  return {
    actor: text(search.actor),
    operation: text(search.operation),
    subject: text(search.subject),
    machineId: text(search.machineId),
    outcome: outcomes.find((outcome) => outcome === search.outcome),
    from: date(search.from),
    to: date(search.to),
  }
}

type AuditQuery = { [K in Exclude<keyof AuditSearch, 'from' | 'to'>]?: NonNullable<AuditSearch[K]> } & {
  from?: number
  to?: number
}

/** The same for the API: blanks left out, days as milliseconds. */
export function renderAuditQuery({ from, to, ...search }: AuditSearch): AuditQuery {
  const given = Object.entries(search).flatMap(([key, value]) => (value?.trim() ? [[key, value.trim()]] : []))
  return {
    ...Object.fromEntries(given),
    ...(from ? { from: startOfDay(from) } : {}),
    ...(to ? { to: nextDay(to) } : {}),
  }
}

/** Where the browser downloads what the filters show. */
export function exportHref(search: AuditSearch): string {
  const query = new URLSearchParams(
    Object.entries(renderAuditQuery(search)).map(([key, value]) => [key, String(value)]),
  )
  return `/api/v1/audit/export${query.size > 0 ? `?${query}` : ''}`
}

function startOfDay(text: string): number {
  return new Date(`${text}T00:00:00`).getTime()
}

function nextDay(text: string): number {
  const date = new Date(`${text}T00:00:00`)
  date.setDate(date.getDate() + 1)
  return date.getTime()
}
