import { deployments, edges, machines } from '@dragonfly/schema/db'
import { isActive } from '@dragonfly/schema/state'
import type { SiteEvent } from '@dragonfly/schema/wire'
import { and, eq, isNull, ne } from 'drizzle-orm'
import type { Statement } from '../batch.ts'
import type { Deps, EdgeIdentity } from '../deps.ts'
import {
  type DeploymentEvent,
  decideTeller,
  transitionDeployment,
} from '../features/deployments/deployment-state.ts'
import { appendTimeline, readDeployment } from '../features/deployments/queries.ts'
import { type Effect, noEffect } from './effect.ts'

/** Moves a deployment along; one that is unknown, of another site, run by another edge, or over is left alone. */
export async function applyDeployment(
  deps: Deps,
  edge: EdgeIdentity,
  event: DeploymentEvent,
  at: number,
): Promise<Effect> {
  const { deploymentId } = event
  const row = await readDeployment(deps.db, deploymentId)
  if (row?.siteId !== edge.siteId) return noEffect
  const teller = decideTeller(row.edgeId, edge.edgeId, event)
  const transition = teller === 'ignored' ? null : transitionDeployment(row, event, at)
  if (!transition) return noEffect
  const isTaken = teller === 'takes-over'
  const patch = isTaken ? { ...transition.patch, edgeId: edge.edgeId } : transition.patch
  const statements: Statement[] = [
    deps.db.update(deployments).set(patch).where(eq(deployments.deploymentId, deploymentId)),
  ]
  if (transition.entry) {
    statements.push(appendTimeline(deps.db, { deploymentId, at, ...transition.entry }))
  }
  if (event.type === 'deployment.deployed' && event.address !== null) {
    statements.push(
      deps.db.update(machines).set({ address: event.address }).where(eq(machines.machineId, row.machineId)),
    )
  }
  return {
    statements,
    live: [
      { type: 'changed', entity: 'deployment', id: deploymentId },
      { type: 'changed', entity: 'machine', id: row.machineId },
    ],
    freesPlace: transition.ended,
    // The site's other edges let go of what one of them runs.
    bump: transition.ended || (isTaken && (await hasOtherEdges(deps, edge))) ? 'site' : 'none',
    afterwards: () => {
      if (event.type !== 'deployment.stage') deps.values.clearDeployment(deploymentId)
    },
  }
}

/** A line of its timeline, at the stage that it is at. */
export async function applyDeploymentNote(
  deps: Deps,
  edge: EdgeIdentity,
  event: Extract<SiteEvent, { type: 'deployment.note' }>,
  at: number,
): Promise<Effect> {
  const { deploymentId, stage, attempt, note, waitingFor = null } = event
  const row = await readDeployment(deps.db, deploymentId)
  if (row?.siteId !== edge.siteId || (row.edgeId !== null && row.edgeId !== edge.edgeId)) return noEffect
  if (!isActive(row.status)) return noEffect
  return {
    statements: [appendTimeline(deps.db, { deploymentId, at, stage, attempt, note, waitingFor })],
    live: [
      { type: 'changed', entity: 'deployment', id: deploymentId },
      { type: 'changed', entity: 'machine', id: row.machineId },
    ],
    bump: 'none',
  }
}

async function hasOtherEdges(deps: Deps, { edgeId, siteId }: EdgeIdentity): Promise<boolean> {
  const [other] = await deps.db
    .select({ edgeId: edges.edgeId })
    .from(edges)
    .where(and(eq(edges.siteId, siteId), ne(edges.edgeId, edgeId), isNull(edges.revokedAt)))
    .limit(1)
  return other !== undefined
}
