import { edges } from '@dragonfly/schema/db'
import { isNull } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { announceSites, bumpSite } from '../sites/site-version.ts'
import { edgeStatus } from './edge-status.ts'

/**
 * Returns what is to be called now and then: it tells the people who watch when an edge is lost or back, and the other
 * edges of its site, which watch its BMCs meanwhile.
 */
export function createEdgeSweep(deps: Deps): () => Promise<void> {
  let known = new Map<string, string>()
  return async () => {
    const rows = await deps.db
      .select({
        edgeId: edges.edgeId,
        siteId: edges.siteId,
        lastSeenAt: edges.lastSeenAt,
        revokedAt: edges.revokedAt,
      })
      .from(edges)
      .where(isNull(edges.revokedAt))
    const connected = await deps.connections.connected()
    const now = deps.clock()
    const statuses = new Map(rows.map((edge) => [edge.edgeId, edgeStatus(edge, connected, now)]))
    const changed = new Set<string>()
    for (const { edgeId, siteId } of rows) {
      const before = known.get(edgeId)
      const status = statuses.get(edgeId)
      const isShared = rows.some((other) => other.siteId === siteId && other.edgeId !== edgeId)
      // It may have been lost while nobody was here to see it.
      if (isShared && (before ?? 'online') !== status && (status === 'lost' || before === 'lost'))
        changed.add(siteId)
      if (before === undefined || before === status) continue
      deps.live.publish([
        { type: 'changed', entity: 'edge', id: edgeId },
        { type: 'changed', entity: 'site', id: siteId },
      ])
    }
    known = statuses
    for (const siteId of changed) await bumpSite(deps.db, siteId)
    if (changed.size > 0) await announceSites(deps, [...changed])
  }
}
