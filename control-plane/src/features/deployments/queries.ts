import { deploymentEvents, deployments } from '@dragonfly/schema/db'
import { and, desc, eq, getTableColumns, inArray, type SQL, sql } from 'drizzle-orm'
import type { Statement } from '../../batch.ts'
import type { Database } from '../../database.ts'

const {
  plan: _plan,
  workOrder: _workOrder,
  netbootOrder: _netbootOrder,
  ...columns
} = getTableColumns(deployments)

/** A deployment without its plan and its order, which are large and of no use to people. */
export type DeploymentRow = Omit<typeof deployments.$inferSelect, 'plan' | 'workOrder' | 'netbootOrder'>
export type DeploymentEventRow = typeof deploymentEvents.$inferSelect

export function findDeployments(
  db: Database,
  where: SQL | undefined,
  limit: number,
): Promise<DeploymentRow[]> {
  return db
    .select(columns)
    .from(deployments)
    .where(where)
    .orderBy(desc(deployments.createdAt), desc(deployments.deploymentId))
    .limit(limit)
}

/** The newest deployment of each machine that has one. */
export function findNewestDeployments(db: Database, where: SQL | undefined): Promise<DeploymentRow[]> {
  const isNewest = sql`${deployments.deploymentId} = (
    select d.deployment_id from deployments d where d.machine_id = ${deployments.machineId}
    order by d.created_at desc, d.deployment_id desc limit 1)`
  return db.select(columns).from(deployments).where(and(where, isNewest))
}

export async function findTimelines(
  db: Database,
  deploymentIds: readonly string[],
): Promise<Map<string, DeploymentEventRow[]>> {
  const rows = await db
    .select()
    .from(deploymentEvents)
    .where(inArray(deploymentEvents.deploymentId, [...deploymentIds]))
    .orderBy(deploymentEvents.deploymentId, deploymentEvents.ordinal)
  return Map.groupBy(rows, (row) => row.deploymentId)
}

/** A statement for a batch: the next line of a deployment's timeline. */
export function appendTimeline(
  db: Database,
  entry: Omit<DeploymentEventRow, 'ordinal' | 'waitingFor'> & { waitingFor?: string | null },
): Statement {
  const next = sql<number>`(select coalesce(max(ordinal), -1) + 1 from deployment_events
    where deployment_id = ${entry.deploymentId})`
  return db.insert(deploymentEvents).values({ ...entry, ordinal: next })
}

export async function readDeployment(db: Database, deploymentId: string): Promise<DeploymentRow | null> {
  const [row] = await findDeployments(db, eq(deployments.deploymentId, deploymentId), 1)
  return row ?? null
}
