import type { AuditEntry } from '@dragonfly/schema/api'

export function outcomeOf(status: number): AuditEntry['outcome'] {
  if (status < 400) return 'done'
  return status < 500 ? 'refused' : 'failed'
}

/**
 * Whether a request belongs into the log: every change, tried or done, every copy that was taken away, and
 * whatever was refused for who asked.
 * Somebody who merely looks without any credentials (a tab left open, signed out) has tried nothing.
 */
export function isRecorded(request: {
  operation: string
  isChange: boolean
  hasCredentials: boolean
  status: number
}): boolean {
  // A large file has thousands of parts: its beginning and its end say who brought it.
  if (request.operation === 'uploadImagePart' && request.status < 400) return false
  if (request.isChange) return true
  if (request.operation.startsWith('export') && request.status < 400) return true
  if (request.status === 403) return true
  return request.status === 401 && request.hasCredentials
}

const longestText = 500

/** The fields of a request that its route names, each cut to a bounded size; all others stay out. */
export function pickDetails(body: unknown, fields: readonly string[]): Record<string, unknown> {
  if (typeof body !== 'object' || body === null) return {}
  const given = body as Record<string, unknown>
  return Object.fromEntries(
    fields.flatMap((key) => {
      const value = given[key]
      if (value === undefined) return []
      if (typeof value === 'string') return [[key, value.slice(0, longestText)]]
      return JSON.stringify(value).length <= longestText ? [[key, value]] : []
    }),
  )
}
