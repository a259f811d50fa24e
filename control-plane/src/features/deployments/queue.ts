import { deploymentEvents, deployments, machineMacs, machines, sites } from '@dragonfly/schema/db'
import { startedStatuses, switchedOffSentences } from '@dragonfly/schema/state'
import { and, asc, desc, eq, sql } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { effectiveSwitch } from '../safety/read-switches.ts'
import { announceSites, bumpSite } from '../sites/site-version.ts'
import { signDeploymentOrders } from './order.ts'

const started = sql.raw(startedStatuses.map((status) => `'${status}'`).join(', '))

/** In SQL: whether as many machines of the site are under way as it allows at once. */
function isFull(siteId: string) {
  return sql`(select count(*) from deployments where site_id = ${siteId} and status in (${started}))
    >= (select deployments_at_once from sites where site_id = ${siteId})`
}

/** In SQL: the status of a new deployment. Nobody overtakes those who wait already. */
export function firstStatus(siteId: string) {
  return sql`case when ${isFull(siteId)} or exists (
    select 1 from deployments where site_id = ${siteId} and status = 'queued') then 'queued' else 'armed' end`
}

/** Arms those who wait while there is room. What became impossible meanwhile fails, and says why. */
export async function releaseQueue(deps: Deps, siteId: string): Promise<void> {
  let isChanged = false
  for (;;) {
    const next = await findNext(deps, siteId)
    if (!next) break
    const refusal = refuse(next)
    if (refusal) await failQueued(deps, next, refusal)
    else if (!(await armQueued(deps, next))) break
    isChanged = true
  }
  if (isChanged) await announceSites(deps, [siteId])
}

/** To be called now and then: a server that stopped at the wrong moment leaves nobody waiting. */
export async function releaseQueues(deps: Deps): Promise<void> {
  const rows = await deps.db
    .selectDistinct({ siteId: deployments.siteId })
    .from(deployments)
    .where(eq(deployments.status, 'queued'))
  for (const { siteId } of rows) await releaseQueue(deps, siteId)
}

/** The machine was locked: it leaves the queue at once, and says by whom. */
export async function refuseLocked(deps: Deps, machineId: string, lockedBy: string): Promise<void> {
  const [row] = await deps.db
    .select({ deploymentId: deployments.deploymentId, machineId: deployments.machineId })
    .from(deployments)
    .where(and(eq(deployments.status, 'queued'), eq(deployments.machineId, machineId)))
  const failureMessage = `${lockedBy} locked it before its turn came.`
  if (row) await failQueued(deps, row, { ...refusals.locked, failureMessage })
}

/** Reimaging was switched off: what waited does not begin by surprise on the day that it is switched on again. */
export async function refuseQueued(deps: Deps, siteId: string | null): Promise<void> {
  const rows = await deps.db
    .select({ deploymentId: deployments.deploymentId, machineId: deployments.machineId })
    .from(deployments)
    .where(
      and(eq(deployments.status, 'queued'), siteId === null ? undefined : eq(deployments.siteId, siteId)),
    )
  for (const row of rows) await failQueued(deps, row, refusals.reimageOff)
}

interface Refusal {
  failureReason: string
  failureMessage: string
}

const refusals = {
  reimageOff: { failureReason: 'reimage-off', failureMessage: switchedOffSentences.reimage },
  locked: { failureReason: 'machine-locked', failureMessage: 'It was locked before its turn came.' },
} as const satisfies Record<string, Refusal>

type Queued = NonNullable<Awaited<ReturnType<typeof findNext>>>

function refuse(next: Queued): Refusal | null {
  if (next.reimage === 'off') return refusals.reimageOff
  return next.lockedAt === null ? null : refusals.locked
}

async function findNext(deps: Deps, siteId: string) {
  const { deploymentId, machineId, plan, epoch, safety, createdAt, armedUntil } = deployments
  const [row] = await deps.db
    .select({
      ...{ deploymentId, machineId, siteId: sites.siteId, plan, epoch, safety, createdAt, armedUntil },
      smbiosUuid: machines.smbiosUuid,
      lockedAt: machines.lockedAt,
      reimage: effectiveSwitch('reimage'),
    })
    .from(deployments)
    .innerJoin(machines, eq(machines.machineId, deployments.machineId))
    .innerJoin(sites, eq(sites.siteId, deployments.siteId))
    .where(
      and(eq(deployments.siteId, siteId), eq(deployments.status, 'queued'), sql`not (${isFull(siteId)})`),
    )
    .orderBy(asc(createdAt), sql`${deployments}.rowid`)
    .limit(1)
  return row
}

/** False when somebody else took the place, or it was aborted meanwhile. */
async function armQueued(deps: Deps, next: Queued): Promise<boolean> {
  const { deploymentId, machineId, siteId } = next
  const now = deps.clock()
  const armedUntil = now + (next.armedUntil - next.createdAt)
  const macs = await deps.db
    .select({ mac: machineMacs.mac })
    .from(machineMacs)
    .where(eq(machineMacs.machineId, machineId))
    .orderBy(desc(machineMacs.isPrimary))
  const machine = { machineId, siteId, macs: macs.map(({ mac }) => mac), smbiosUuid: next.smbiosUuid }
  const orders = await signDeploymentOrders(deps, { ...next, machine, signedAt: now, armedUntil })
  const [armed] = await deps.db.batch([
    deps.db
      .update(deployments)
      .set({ status: 'armed', ...orders, armedUntil })
      .where(
        and(
          eq(deployments.deploymentId, deploymentId),
          eq(deployments.status, 'queued'),
          sql`not (${isFull(siteId)})`,
        ),
      )
      .returning({ deploymentId: deployments.deploymentId }),
    // Its timeline begins now: the wait is no part of the work.
    deps.db
      .update(deploymentEvents)
      .set({ at: now })
      .where(and(eq(deploymentEvents.deploymentId, deploymentId), eq(deploymentEvents.ordinal, 0))),
    bumpSite(deps.db, siteId),
  ])
  publish(deps, next)
  return armed.length > 0
}

async function failQueued(
  deps: Deps,
  next: Pick<Queued, 'deploymentId' | 'machineId'>,
  refusal: Refusal,
): Promise<void> {
  await deps.db
    .update(deployments)
    .set({ status: 'failed', ...refusal, endedAt: deps.clock(), workOrder: null })
    .where(and(eq(deployments.deploymentId, next.deploymentId), eq(deployments.status, 'queued')))
  publish(deps, next)
}

function publish(deps: Deps, { deploymentId, machineId }: Pick<Queued, 'deploymentId' | 'machineId'>): void {
  deps.live.publish([
    { type: 'changed', entity: 'deployment', id: deploymentId },
    { type: 'changed', entity: 'machine', id: machineId },
  ])
}
