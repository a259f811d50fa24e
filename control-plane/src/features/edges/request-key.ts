import type { EdgeView } from '@dragonfly/schema/api'
import { edges } from '@dragonfly/schema/db'
import { replaceKeyAbility } from '@dragonfly/schema/wire'
import { eq } from 'drizzle-orm'
import { runBatch } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import { conflict } from '../../errors.ts'
import { announceSites, bumpSite } from '../sites/site-version.ts'
import { getEdge } from './service.ts'

/** The edge is to replace its identity key; it does so when it hears of it. */
export async function requestEdgeKey(deps: Deps, edgeId: string): Promise<EdgeView> {
  const edge = await getEdge(deps, edgeId)
  if (edge.status === 'revoked')
    throw conflict('edge-revoked', 'This edge was revoked: enrol it again first.')
  const present = await deps.connections.ofSite(edge.siteId)
  const connection = present.find((entry) => entry.edgeId === edgeId)
  if (connection && !connection.commands.includes(replaceKeyAbility))
    throw conflict('edge-too-old', `${edge.hostname} cannot replace its key yet: update it.`)
  await runBatch(deps.db, [
    deps.db.update(edges).set({ keyRequestedAt: deps.clock() }).where(eq(edges.edgeId, edgeId)),
    bumpSite(deps.db, edge.siteId),
  ])
  await announceSites(deps, [edge.siteId])
  deps.live.publish([{ type: 'changed', entity: 'edge', id: edgeId }])
  return getEdge(deps, edgeId)
}
