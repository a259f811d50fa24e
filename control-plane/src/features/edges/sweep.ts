import { edges } from '@dragonfly/schema/db'
import { isNull } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { edgeStatus } from './edge-status.ts'

/** Returns what is to be called now and then: it tells the people who watch when an edge is lost or back. */
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
    for (const { edgeId, siteId } of rows) {
      const before = known.get(edgeId)
      if (before === undefined || before === statuses.get(edgeId)) continue
      deps.live.publish([
        { type: 'changed', entity: 'edge', id: edgeId },
        { type: 'changed', entity: 'site', id: siteId },
      ])
    }
    known = statuses
  }
}
