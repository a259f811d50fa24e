import { type SafetyControl, switchedOffSentences, uuidsOfMachine } from '@dragonfly/schema/state'
import type {
  Plan,
  SignerKey,
  SiteDeployment,
  SiteMachine,
  SiteState,
  WorkOrder,
  WorkOrderRefusal,
} from '@dragonfly/schema/wire'
import { workOrderSchema, workOrderType } from '@dragonfly/schema/wire'

/** Clocks of the edge and the control plane may differ by this much. */
const clockLeewaySeconds = 120

export type SignatureCheck =
  | { kind: 'ok'; payload: unknown }
  | { kind: 'malformed' | 'unknown-signer' | 'bad-signature' }

/** Checks a compact JWS of the given `typ` against the keys; never throws. */
export type VerifySignature = (
  jws: string,
  typ: string,
  keys: readonly SignerKey[],
) => Promise<SignatureCheck>

export interface OrderCheckPorts {
  verifySignature: VerifySignature
  /** SHA-256 (hex) of the RFC 8785 canonical JSON of a plan. */
  digestPlan: (plan: Plan) => string
}

export interface BurnedOrder {
  deploymentId: string
  machineId: string
}

export interface OrderCheck {
  deployment: Pick<SiteDeployment, 'deploymentId' | 'machineId' | 'order' | 'plan'>
  machine: SiteMachine
  site: Pick<SiteState, 'siteId' | 'minimumSafety' | 'powerControl' | 'reimage'> & { controlPlaneId: string }
  /** Pinned when the edge enrolled. */
  signerKeys: readonly SignerKey[]
  /** What the machine itself showed; null before it has booted. */
  observed: { mac: string; smbiosUuid: string | null } | null
  /** Where this order's id was burned already. */
  findBurned: (orderId: string) => Promise<BurnedOrder | null>
  /** The newest epoch handed to this machine so far, 0 for none. */
  newestEpoch: number
  nowSeconds: number
}

export type OrderVerdict =
  | { kind: 'accepted'; order: WorkOrder; retry: boolean }
  | { kind: 'refused'; reason: WorkOrderRefusal; message: string }

const refuse = (reason: WorkOrderRefusal, message: string): OrderVerdict => ({
  kind: 'refused',
  reason,
  message,
})

/**
 * Decides whether a work order may change a machine. Another try of the same deployment may use its order
 * again, also past its expiry: it was taken in time, and tries are bounded by the supervisor.
 */
export async function decideOrder(check: OrderCheck, ports: OrderCheckPorts): Promise<OrderVerdict> {
  const { deployment, signerKeys } = check
  const signature = await ports.verifySignature(deployment.order, workOrderType, signerKeys)
  if (signature.kind !== 'ok') return refuse(signature.kind, signatureSentences[signature.kind])
  const parsed = workOrderSchema.safeParse(signature.payload)
  if (!parsed.success) return refuse('malformed', 'The work order does not have the agreed shape.')
  const order = parsed.data
  const burned = await check.findBurned(order.jti)
  return (
    refuseSite(order, check) ??
    refuseSwitchedOff(order, check) ??
    refuseMachine(order, check) ??
    refuseUse(order, check, burned) ??
    refusePlan(order, check, ports) ?? { kind: 'accepted', order, retry: burned !== null }
  )
}

const signatureSentences = {
  malformed: 'The work order is not a signed order of the agreed type.',
  'unknown-signer': 'The work order was signed by a key that this edge does not trust.',
  'bad-signature': 'The signature does not belong to this work order.',
} as const

function refuseSite(order: WorkOrder, { site }: OrderCheck): OrderVerdict | null {
  if (order.aud !== site.siteId) return refuse('wrong-site', 'The work order is addressed to another site.')
  if (order.iss !== site.controlPlaneId)
    return refuse('wrong-site', 'The work order comes from another control plane.')
  if (site.minimumSafety === 'safe' && order.safety === 'power')
    return refuse('safety-too-low', 'The site asks for safe mode, and the order was given in power mode.')
  return null
}

/** Which switch each kind of order obeys. */
const controls = {
  deploy: { control: 'reimage', reason: 'reimage-off' },
} as const satisfies Record<WorkOrder['action'], { control: SafetyControl; reason: WorkOrderRefusal }>

function refuseSwitchedOff(order: WorkOrder, { site }: OrderCheck): OrderVerdict | null {
  const { control, reason } = controls[order.action]
  return site[control] === 'off' ? refuse(reason, switchedOffSentences[control]) : null
}

function refuseMachine(order: WorkOrder, check: OrderCheck): OrderVerdict | null {
  const { machine, deployment, observed } = check
  const claimed = order.machine
  if (order.deploymentId !== deployment.deploymentId)
    return refuse('wrong-machine', 'The work order belongs to another deployment.')
  if (claimed.machineId !== machine.machineId || machine.machineId !== deployment.machineId)
    return refuse('wrong-machine', `The work order is not for ${machine.name}.`)
  const refused = observed && refuseObserved(claimed, observed)
  if (refused) return refused
  if (machine.locked) return refuse('machine-locked', `${machine.name} is locked.`)
  return null
}

function refuseObserved(
  claimed: WorkOrder['machine'],
  observed: NonNullable<OrderCheck['observed']>,
): OrderVerdict | null {
  const { mac, smbiosUuid } = observed
  // One that only its BMC has told of is known by its UUID alone.
  if (claimed.macs.length === 0)
    return smbiosUuid && uuidsOfMachine(claimed).includes(smbiosUuid)
      ? null
      : refuse('wrong-machine', 'The order names no network card, and the machine showed another UUID.')
  if (!claimed.macs.includes(mac))
    return refuse('wrong-machine', `The machine booted from ${mac}, which the order does not name.`)
  if (smbiosUuid && claimed.smbiosUuid && smbiosUuid !== claimed.smbiosUuid)
    return refuse('wrong-machine', `The machine’s SMBIOS UUID is ${smbiosUuid}, the order names another.`)
  return null
}

function refuseUse(order: WorkOrder, check: OrderCheck, burned: BurnedOrder | null): OrderVerdict | null {
  const { deployment, machine, nowSeconds } = check
  if (burned && (burned.deploymentId !== deployment.deploymentId || burned.machineId !== machine.machineId))
    return refuse('already-used', 'The work order was used for another deployment before.')
  if (order.machine.epoch < machine.epoch || order.machine.epoch < check.newestEpoch)
    return refuse('stale-epoch', `A newer work order exists for ${machine.name}.`)
  if (order.iat > nowSeconds + clockLeewaySeconds)
    return refuse('not-yet-valid', 'The work order was signed in the future by this edge’s clock.')
  if (!burned && order.exp <= nowSeconds)
    return refuse('expired', 'The work order expired before it was used.')
  return null
}

function refusePlan(
  order: WorkOrder,
  { deployment }: OrderCheck,
  ports: OrderCheckPorts,
): OrderVerdict | null {
  const altered = (what: string) => refuse('plan-altered', `${what} is not the one that was signed.`)
  if (ports.digestPlan(deployment.plan) !== order.planDigest) return altered('The plan')
  const image = deployment.plan.actions.find((action) => action.action === 'write-image')
  if ((image?.manifestDigest ?? null) !== order.imageManifestDigest) return altered('The image')
  return null
}
