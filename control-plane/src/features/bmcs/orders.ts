import type { SafetyMode } from '@dragonfly/schema/state'
import { type BmcAction, type BmcOrder, bmcOrderSchema, bmcOrderType } from '@dragonfly/schema/wire'
import type { Deps } from '../../deps.ts'

export interface BmcOrderInput {
  /** The command, or the deployment, that it is for: works once. */
  orderId: string
  siteId: string
  machineId: string
  bmcAddress: string | null
  what: BmcAction
  /** `safe` when it was confirmed. */
  safety: SafetyMode
  issuedAt: number
  expiresAt: number
}

/** The signed order by which an edge may do something to a machine through its BMC. */
export function signBmcOrder(deps: Deps, input: BmcOrderInput): Promise<string> {
  const claims: BmcOrder = bmcOrderSchema.parse({
    iss: deps.identity.controlPlaneId,
    aud: input.siteId,
    jti: input.orderId,
    iat: Math.floor(input.issuedAt / 1000),
    exp: Math.ceil(input.expiresAt / 1000),
    machineId: input.machineId,
    bmcAddress: input.bmcAddress,
    what: input.what,
    safety: input.safety,
  } satisfies BmcOrder)
  return deps.signer.sign(bmcOrderType, claims)
}
