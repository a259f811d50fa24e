import { bmcs, machines } from '@dragonfly/schema/db'
import type { SafetyMode } from '@dragonfly/schema/state'
import { type Plan, type WorkOrder, workOrderSchema, workOrderType } from '@dragonfly/schema/wire'
import { eq, sql } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { createId } from '../../ids.ts'
import { signBmcOrder } from '../bmcs/orders.ts'
import { planDigest } from '../orders/plan-digest.ts'

/** An order outlives its arming by this much, so that what was started in time may finish. */
const orderGraceMs = 24 * 60 * 60_000

interface OrderInput {
  machine: { machineId: string; siteId: string; macs: string[]; smbiosUuid: string | null }
  deploymentId: string
  plan: Plan
  epoch: number
  safety: SafetyMode
  signedAt: number
  armedUntil: number
}

export interface DeploymentOrders {
  /** Lets an edge write the machine's disk. */
  workOrder: string
  /** Lets it netboot the machine by its BMC; null where there is none. */
  netbootOrder: string | null
}

/** Signs what an edge needs for a deployment. */
export async function signDeploymentOrders(deps: Deps, input: OrderInput): Promise<DeploymentOrders> {
  return { workOrder: await signDeployOrder(deps, input), netbootOrder: await signNetbootOrder(deps, input) }
}

async function signNetbootOrder(deps: Deps, input: OrderInput): Promise<string | null> {
  const { machineId, siteId } = input.machine
  const [bmc] = await deps.db
    .select({ address: bmcs.address, firmware: sql<string | null>`${machines.inventory} ->> '$.firmware'` })
    .from(bmcs)
    .innerJoin(machines, eq(machines.machineId, bmcs.machineId))
    .where(eq(bmcs.machineId, machineId))
  if (!bmc) return null
  return signBmcOrder(deps, {
    orderId: input.deploymentId,
    siteId,
    machineId,
    bmcAddress: bmc.address,
    what: { action: 'netboot', uefi: bmc.firmware === null ? null : bmc.firmware === 'uefi' },
    safety: input.safety,
    issuedAt: input.signedAt,
    expiresAt: input.armedUntil + orderGraceMs,
  })
}

async function signDeployOrder(deps: Deps, input: OrderInput): Promise<string> {
  const { machine, plan } = input
  const image = plan.actions.find((action) => action.action === 'write-image')
  const claims: WorkOrder = workOrderSchema.parse({
    iss: deps.identity.controlPlaneId,
    aud: machine.siteId,
    jti: createId(input.signedAt),
    iat: Math.floor(input.signedAt / 1000),
    exp: Math.ceil((input.armedUntil + orderGraceMs) / 1000),
    deploymentId: input.deploymentId,
    action: 'deploy',
    machine: {
      machineId: machine.machineId,
      macs: machine.macs,
      smbiosUuid: machine.smbiosUuid,
      epoch: input.epoch,
    },
    planDigest: await planDigest(plan),
    imageManifestDigest: image?.manifestDigest ?? null,
    disk: image?.disk ?? null,
    safety: input.safety,
  } satisfies WorkOrder)
  return deps.signer.sign(workOrderType, claims)
}
