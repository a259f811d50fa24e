import type { DeploymentView } from '@dragonfly/schema/api'
import { deployments, edges } from '@dragonfly/schema/db'
import { machineActions, startedStatuses } from '@dragonfly/schema/state'
import { and, count, desc, eq, inArray, isNotNull, isNull } from 'drizzle-orm'
import { runBatch } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import { conflict, notFound } from '../../errors.ts'
import { announceSites, bumpSite } from '../sites/site-version.ts'
import { readDeployment } from './queries.ts'
import { releaseQueue } from './queue.ts'
import { getDeployment } from './read.ts'

const active = inArray(deployments.status, [...startedStatuses])

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
    powerControl: 'on',
    reimage: 'on',
    deployment: { status: row.status, stage: row.stage, abortRequested },
  })
  if (!verdict.allowed) throw conflict(abortRequested ? 'abort-requested' : 'not-active', verdict.reason)
  if (row.status === 'queued' && (await leaveQueue(deps, row)))
    return { view: await getDeployment(deps, deploymentId), confirmed: true }
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
  if (confirmed) await releaseQueue(deps, row.siteId)
  return { view: await getDeployment(deps, deploymentId), confirmed }
}

/** The same for the deployment that a machine has. */
export async function abortDeploymentOf(deps: Deps, machineId: string): Promise<void> {
  const [row] = await deps.db
    .select({ deploymentId: deployments.deploymentId })
    .from(deployments)
    .where(eq(deployments.machineId, machineId))
    .orderBy(desc(deployments.epoch))
    .limit(1)
  if (!row) throw conflict('not-active', 'There is no deployment to abort.')
  await abortDeployment(deps, row.deploymentId)
}

/** No edge knows of it yet. False when its turn came at this very moment. */
async function leaveQueue(deps: Deps, row: { deploymentId: string; machineId: string }): Promise<boolean> {
  const now = deps.clock()
  const left = await deps.db
    .update(deployments)
    .set({ status: 'aborted', abortRequestedAt: now, endedAt: now, workOrder: null })
    .where(and(eq(deployments.deploymentId, row.deploymentId), eq(deployments.status, 'queued')))
    .returning({ deploymentId: deployments.deploymentId })
  if (left.length > 0) publish(deps, row)
  return left.length > 0
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
  if (settled.length > 0) await releaseQueue(deps, siteId)
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
