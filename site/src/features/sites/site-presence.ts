import type { Edge } from '../../api/views.ts'

/** Whether a site can be told anything at the moment, and whether it has heard the newest. */
export type SitePresence =
  | { kind: 'here'; isUpToDate: boolean }
  /** Nobody of it is connected: it goes on with what it knows. */
  | { kind: 'away'; sinceMs: number | null }
  | { kind: 'no-edge' }

/** Null while the edges are not known yet. */
export function sitePresence(siteId: string, edges: readonly Edge[] | undefined): SitePresence | null {
  if (!edges) return null
  const own = edges.filter((edge) => edge.siteId === siteId && edge.status !== 'revoked')
  if (own.length === 0) return { kind: 'no-edge' }
  const online = own.filter((edge) => edge.status === 'online')
  if (online.length > 0) return { kind: 'here', isUpToDate: online.some((edge) => edge.upToDate) }
  const heard = own.flatMap((edge) => edge.lastSeenAt ?? [])
  return { kind: 'away', sinceMs: heard.length > 0 ? Math.max(...heard) : null }
}
