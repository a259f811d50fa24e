import type { DeploymentView } from '@dragonfly/schema/api'
import { deployments } from '@dragonfly/schema/db'
import type { DeploymentStatus } from '@dragonfly/schema/state'
import { and, eq, inArray } from 'drizzle-orm'
import type { Database, Deps } from '../../deps.ts'
import { notFound } from '../../errors.ts'
import { type DeploymentRow, findDeployments, findTimelines } from './queries.ts'
import { renderDeployment } from './view.ts'

export async function renderDeployments(
  deps: Deps,
  rows: readonly DeploymentRow[],
): Promise<DeploymentView[]> {
  const ids = rows.map((row) => row.deploymentId)
  const [timelines, progress] = await Promise.all([findTimelines(deps.db, ids), deps.values.deployments(ids)])
  return rows.map((row) =>
    renderDeployment(row, timelines.get(row.deploymentId) ?? [], progress.get(row.deploymentId)),
  )
}

/** As the database has them, without live values. */
export async function renderStoredDeployments(
  db: Database,
  rows: readonly DeploymentRow[],
): Promise<DeploymentView[]> {
  const timelines = await findTimelines(
    db,
    rows.map((row) => row.deploymentId),
  )
  return rows.map((row) => renderDeployment(row, timelines.get(row.deploymentId) ?? [], undefined))
}

export async function listDeployments(
  deps: Deps,
  filter: {
    machineId?: string | undefined
    status?: DeploymentStatus | undefined
    limit?: number | undefined
  },
  siteIds: readonly string[] | null,
): Promise<DeploymentView[]> {
  const where = and(
    siteIds ? inArray(deployments.siteId, [...siteIds]) : undefined,
    filter.machineId ? eq(deployments.machineId, filter.machineId) : undefined,
    filter.status ? eq(deployments.status, filter.status) : undefined,
  )
  return renderDeployments(deps, await findDeployments(deps.db, where, filter.limit ?? 100))
}

export async function getDeployment(deps: Deps, deploymentId: string): Promise<DeploymentView> {
  const rows = await findDeployments(deps.db, eq(deployments.deploymentId, deploymentId), 1)
  const [view] = await renderDeployments(deps, rows)
  if (!view) throw notFound('deployment')
  return view
}
