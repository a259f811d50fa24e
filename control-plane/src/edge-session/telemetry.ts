import { deployments, images } from '@dragonfly/schema/db'
import type { EdgeFetch, EdgeFrame } from '@dragonfly/schema/wire'
import { and, eq, inArray, isNull, or } from 'drizzle-orm'
import type { Deps, EdgeIdentity } from '../deps.ts'

type Telemetry = Extract<EdgeFrame, { type: 'telemetry' }>

/** Live values go to those who watch, and are kept in memory for those who look later. */
export async function applyTelemetry(deps: Deps, edge: EdgeIdentity, frame: Telemetry): Promise<void> {
  for (const progress of frame.deployments) {
    const { deploymentId, stage, bytesDone, bytesTotal } = progress
    const [row] = await deps.db
      .select({ machineId: deployments.machineId })
      .from(deployments)
      .where(
        and(
          eq(deployments.deploymentId, deploymentId),
          eq(deployments.siteId, edge.siteId),
          or(isNull(deployments.edgeId), eq(deployments.edgeId, edge.edgeId)),
          eq(deployments.status, 'running'),
        ),
      )
    if (!row) continue
    deps.values.setDeployment(deploymentId, { bytesDone, bytesTotal })
    deps.live.publish([
      { type: 'progress', deploymentId, machineId: row.machineId, stage, bytesDone, bytesTotal },
    ])
  }
  takeFetches(deps, edge, frame)
  if (frame.images.length === 0) return
  const known = await deps.db
    .select({ imageId: images.imageId })
    .from(images)
    .where(
      inArray(
        images.imageId,
        frame.images.map((image) => image.imageId),
      ),
    )
  for (const { imageId, ...progress } of frame.images) {
    if (!known.some((image) => image.imageId === imageId)) continue
    deps.values.setImage(edge.edgeId, imageId, { ...progress, at: deps.clock() })
    deps.live.publish([{ type: 'image-progress', imageId, edgeId: edge.edgeId, ...progress }])
  }
}

function takeFetches(deps: Deps, { edgeId }: EdgeIdentity, { bundle, release }: Telemetry): void {
  if (bundle === undefined && release === undefined) return
  const render = (fetch: EdgeFetch | null | undefined) =>
    fetch ? { ...fetch, fromEdgeId: fetch.fromEdgeId ?? null } : null
  const fetches = { bundle: render(bundle), release: render(release) }
  if (bundle || release) deps.values.setFetches(edgeId, { ...fetches, at: deps.clock() })
  else deps.values.clearFetches(edgeId)
  deps.live.publish([{ type: 'edge-progress', edgeId, ...fetches }])
}
