import type { SafetyMode } from '@dragonfly/schema/state'
import { type Plan, type WorkOrder, workOrderSchema, workOrderType } from '@dragonfly/schema/wire'
import type { Deps } from '../../deps.ts'
import { createId } from '../../ids.ts'
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

/** Signs what lets an edge write a machine's disk. */
export async function signDeployOrder(deps: Deps, input: OrderInput): Promise<string> {
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
