import { edges } from '@dragonfly/schema/db'
import { edgeLostAfterMs } from '@dragonfly/schema/wire'
import { and, gt, isNull, lte } from 'drizzle-orm'
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
      publish(deps, { edgeId, siteId })
    }
    known = statuses
  }
}

/** The same where nothing is remembered from one call to the next: those lost within the last `withinMs`. */
export async function tellOfLostEdges(deps: Deps, withinMs: number): Promise<void> {
  const lostAt = deps.clock() - edgeLostAfterMs
  const rows = await deps.db
    .select({ edgeId: edges.edgeId, siteId: edges.siteId })
    .from(edges)
    .where(
      and(isNull(edges.revokedAt), gt(edges.lastSeenAt, lostAt - withinMs), lte(edges.lastSeenAt, lostAt)),
    )
  if (rows.length === 0) return
  const connected = await deps.connections.connected()
  for (const edge of rows) if (!connected.has(edge.edgeId)) publish(deps, edge)
}

function publish(deps: Deps, { edgeId, siteId }: { edgeId: string; siteId: string }): void {
  deps.live.publish([
    { type: 'changed', entity: 'edge', id: edgeId },
    { type: 'changed', entity: 'site', id: siteId },
  ])
}
