import { isActive } from '@dragonfly/schema/state'
import { type Database, type Statement, statement } from '../../io/database.ts'
import type { DeploymentState } from '../../protocol/deployment-types.ts'
import type { BurnedOrder } from '../../protocol/work-order.ts'

/** Ended deployments are remembered this long: an operating system may report in late. */
const rememberEndedMs = 30 * 24 * 3600_000
const tokensPerDeployment = 16

export async function loadDeployments(database: Database): Promise<DeploymentState[]> {
  const rows = await database.rows('SELECT state FROM deployments')
  return rows.map((row) => JSON.parse(String(row.state)) as DeploymentState)
}

export function storeDeployment(state: DeploymentState, now: number): Statement {
  const { deploymentId, machineId, status, stage, attempt } = state
  return statement(
    `INSERT INTO deployments VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (deployment_id) DO UPDATE SET
      status = excluded.status, stage = excluded.stage, attempt = excluded.attempt, state = excluded.state,
      updated_at = excluded.updated_at`,
    deploymentId,
    machineId,
    status,
    stage,
    attempt,
    JSON.stringify(state),
    now,
    now,
  )
}

export async function forgetDeployment(database: Database, deploymentId: string): Promise<void> {
  await database.batch([
    statement('DELETE FROM deployments WHERE deployment_id = ?', deploymentId),
    statement('DELETE FROM phone_home_tokens WHERE deployment_id = ?', deploymentId),
  ])
}

/** Ids of ended deployments that nobody can still report on. */
export async function findForgettable(states: Iterable<DeploymentState>, now: number): Promise<string[]> {
  return [...states]
    .filter((state) => !isActive(state.status) && now - state.signAt > rememberEndedMs)
    .map((state) => state.deploymentId)
}

export async function findBurnedOrder(database: Database, orderId: string): Promise<BurnedOrder | null> {
  const [row] = await database.rows(
    'SELECT deployment_id, machine_id FROM burned_orders WHERE jti = ?',
    orderId,
  )
  return row ? { deploymentId: String(row.deployment_id), machineId: String(row.machine_id) } : null
}

/**
 * Burns an order for one deployment of one machine; on disk when this returns. Burning it again for the same
 * deployment is fine; false when it was burned for another.
 */
export async function burnOrder(
  database: Database,
  order: BurnedOrder & { orderId: string; epoch: number },
  now: number,
): Promise<boolean> {
  await database.run(
    'INSERT INTO burned_orders VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    order.orderId,
    order.deploymentId,
    order.machineId,
    order.epoch,
    now,
  )
  const burned = await findBurnedOrder(database, order.orderId)
  return burned?.deploymentId === order.deploymentId && burned.machineId === order.machineId
}

/** The newest epoch handed to a machine; 0 for none. */
export async function newestEpoch(database: Database, machineId: string): Promise<number> {
  const [row] = await database.rows(
    'SELECT coalesce(max(epoch), 0) AS epoch FROM burned_orders WHERE machine_id = ?',
    machineId,
  )
  return Number(row?.epoch ?? 0)
}

export async function addPhoneHomeToken(
  database: Database,
  deploymentId: string,
  hash: string,
  now: number,
): Promise<void> {
  await database.batch([
    statement('INSERT INTO phone_home_tokens VALUES (?, ?, ?)', hash, deploymentId, now),
    statement(
      `DELETE FROM phone_home_tokens WHERE deployment_id = ?1 AND hash NOT IN
        (SELECT hash FROM phone_home_tokens WHERE deployment_id = ?1 ORDER BY created_at DESC, rowid DESC LIMIT ?2)`,
      deploymentId,
      tokensPerDeployment,
    ),
  ])
}

export async function phoneHomeTokenHashes(database: Database, deploymentId: string): Promise<string[]> {
  const rows = await database.rows('SELECT hash FROM phone_home_tokens WHERE deployment_id = ?', deploymentId)
  return rows.map((row) => String(row.hash))
}
