import type { DeploymentView } from '@dragonfly/schema/api'
import { deployments, edges } from '@dragonfly/schema/db'
import { machineActions } from '@dragonfly/schema/state'
import { and, count, eq, inArray, isNotNull, isNull } from 'drizzle-orm'
import { runBatch } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import { conflict, notFound } from '../../errors.ts'
import { announceSites, bumpSite } from '../sites/site-version.ts'
import { readDeployment } from './queries.ts'
import { getDeployment } from './read.ts'

const active = inArray(deployments.status, ['armed', 'running'])

/**
 * Asks the site to abort. The site has the last word: it may have started or finished the deployment while this
 * control plane could not see it. Only where no edge is left that could act on it, it is aborted at once.
 */
export async function abortDeployment(
  deps: Deps,
  deploymentId: string,
): Promise<{ view: DeploymentView; confirmed: boolean }> {
  const row = await readDeployment(deps.db, deploymentId)
  if (!row) throw notFound('deployment')
  const abortRequested = row.abortRequestedAt !== null
  const verdict = machineActions.abort({
    adopted: true,
    locked: false,
    deployment: { status: row.status, stage: row.stage, abortRequested },
  })
  if (!verdict.allowed) throw conflict(abortRequested ? 'abort-requested' : 'not-active', verdict.reason)
  const now = deps.clock()
  const confirmed = !(await hasEdges(deps, row.siteId))
  const patch = confirmed
    ? { status: 'aborted' as const, abortRequestedAt: now, endedAt: now, workOrder: null }
    : { abortRequestedAt: now }
  await runBatch(deps.db, [
    deps.db
      .update(deployments)
      .set(patch)
      .where(and(eq(deployments.deploymentId, deploymentId), active)),
    bumpSite(deps.db, row.siteId),
  ])
  await announceSites(deps, [row.siteId])
  publish(deps, row)
  return { view: await getDeployment(deps, deploymentId), confirmed }
}

/** Ends the aborts that wait for a site whose last edge is gone: nobody is left to confirm them. */
export async function settleAbortsWithoutEdges(deps: Deps, siteId: string): Promise<void> {
  if (await hasEdges(deps, siteId)) return
  const settled = await deps.db
    .update(deployments)
    .set({ status: 'aborted', endedAt: deps.clock(), workOrder: null })
    .where(and(eq(deployments.siteId, siteId), active, isNotNull(deployments.abortRequestedAt)))
    .returning({ deploymentId: deployments.deploymentId, machineId: deployments.machineId })
  for (const row of settled) publish(deps, row)
}

async function hasEdges(deps: Deps, siteId: string): Promise<boolean> {
  const [row] = await deps.db
    .select({ edges: count() })
    .from(edges)
    .where(and(eq(edges.siteId, siteId), isNull(edges.revokedAt)))
  return (row?.edges ?? 0) > 0
}

function publish(deps: Deps, row: { deploymentId: string; machineId: string }): void {
  deps.live.publish([
    { type: 'changed', entity: 'deployment', id: row.deploymentId },
    { type: 'changed', entity: 'machine', id: row.machineId },
  ])
}
