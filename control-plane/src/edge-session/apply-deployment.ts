import { deployments, machines } from '@dragonfly/schema/db'
import { eq } from 'drizzle-orm'
import type { Statement } from '../batch.ts'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { type DeploymentEvent, transitionDeployment } from '../features/deployments/deployment-state.ts'
import { appendTimeline, readDeployment } from '../features/deployments/queries.ts'
import { type Effect, noEffect } from './effect.ts'

/** Moves a deployment along; one that is unknown, of another site, or over is left alone. */
export async function applyDeployment(
  deps: Deps,
  edge: EdgeIdentity,
  event: DeploymentEvent,
  at: number,
): Promise<Effect> {
  const { deploymentId } = event
  const row = await readDeployment(deps.db, deploymentId)
  if (row?.siteId !== edge.siteId) return noEffect
  const transition = transitionDeployment(row, event, at)
  if (!transition) return noEffect
  const statements: Statement[] = [
    deps.db.update(deployments).set(transition.patch).where(eq(deployments.deploymentId, deploymentId)),
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
    bump: transition.ended ? 'site' : 'none',
    afterwards: () => {
      if (event.type !== 'deployment.stage') deps.values.clearDeployment(deploymentId)
    },
  }
}
