import type { AuditEntry } from '../../api/views.ts'
import { capitalise } from '../../format/words.ts'

/** `lockMachine` as "Lock machine", `auth/two-factor/verify` as "Auth two-factor verify". */
export function renderOperation(operation: string): string {
  const words = operation.replaceAll('/', ' ').replaceAll(/([a-z])([A-Z])/g, '$1 $2')
  return capitalise(words.toLowerCase())
}

export function renderActor(entry: Pick<AuditEntry, 'actorKind' | 'actorName' | 'actorId'>): string {
  if (entry.actorName) return entry.actorName
  if (entry.actorKind === 'edge') return 'an edge'
  if (entry.actorKind === 'server') return 'the server'
  return entry.actorKind === 'stranger' ? 'somebody not signed in' : (entry.actorId ?? 'somebody')
}

/** What else was recorded, without the ids: "name web-1 · tags db, spare". */
export function renderDetails(details: AuditEntry['details']): string {
  return Object.entries(details)
    .filter(([key]) => !key.endsWith('Id'))
    .map(([key, value]) => `${key} ${renderValue(value)}`)
    .join(' · ')
}

function renderValue(value: unknown): string {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(', ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
