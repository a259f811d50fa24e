import type { EdgeView } from '@dragonfly/schema/api'
import { edges } from '@dragonfly/schema/db'
import { updateAbility } from '@dragonfly/schema/wire'
import { eq } from 'drizzle-orm'
import { runBatch } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import { AppError, conflict } from '../../errors.ts'
import { announceSites, bumpSite } from '../sites/site-version.ts'
import { getEdge } from './service.ts'

/** The edge is to become the version that is held here; it tells what comes of it. */
export async function requestEdgeUpdate(deps: Deps, edgeId: string): Promise<EdgeView> {
  const edge = await getEdge(deps, edgeId)
  if (edge.status === 'revoked')
    throw conflict('edge-revoked', 'This edge was revoked: enrol it again first.')
  const release = await deps.edgeRelease.current()
  if (!release) throw releaseMissing()
  if (release.version === edge.version)
    throw conflict('edge-up-to-date', `${edge.hostname} runs version ${release.version} already.`)
  const present = await deps.connections.ofSite(edge.siteId)
  const connection = present.find((entry) => entry.edgeId === edgeId)
  if (!connection)
    throw conflict('edge-offline', `${edge.hostname} is not connected: start it, then update it.`)
  if (!connection.commands.includes(updateAbility))
    throw conflict(
      'edge-cannot-update',
      `${edge.hostname} can’t be updated from here: it runs from its sources, or it is too old. Install the new version on its host.`,
    )
  return wish(deps, edge, { wantedVersion: release.version, updateRequestedAt: deps.clock() })
}

/** Nothing is waited for any more, and an edge that comes back later stays as it is. */
export async function withdrawEdgeUpdate(deps: Deps, edgeId: string): Promise<EdgeView> {
  const edge = await getEdge(deps, edgeId)
  if (edge.update.wanted === null) return edge
  return wish(deps, edge, { wantedVersion: null, updateRequestedAt: null })
}

async function wish(
  deps: Deps,
  { edgeId, siteId }: EdgeView,
  values: Pick<typeof edges.$inferSelect, 'wantedVersion' | 'updateRequestedAt'>,
): Promise<EdgeView> {
  await runBatch(deps.db, [
    deps.db.update(edges).set(values).where(eq(edges.edgeId, edgeId)),
    bumpSite(deps.db, siteId),
  ])
  await announceSites(deps, [siteId])
  deps.live.publish([{ type: 'changed', entity: 'edge', id: edgeId }])
  return getEdge(deps, edgeId)
}

export function releaseMissing(): AppError {
  return new AppError({
    code: 'edge-package-missing',
    status: 404,
    message:
      'This control plane holds no package of dragonfly-edge: make one with `npm run edge-package`, or update the edge on its host.',
  })
}
