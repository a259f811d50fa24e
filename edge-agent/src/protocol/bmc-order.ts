import { type SafetyControl, switchedOffSentences } from '@dragonfly/schema/state'
import {
  type BmcAction,
  type BmcOrder,
  bmcOrderSchema,
  bmcOrderType,
  type SignerKey,
  type SiteMachine,
  type SiteState,
} from '@dragonfly/schema/wire'
import type { VerifySignature } from './work-order.ts'

/** Clocks of the edge and the control plane may differ by this much. */
const clockLeewaySeconds = 120

type BmcOrderRefusal =
  | 'bad-signature'
  | 'unknown-signer'
  | 'malformed'
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-site'
  | 'wrong-machine'
  | 'order-altered'
  | 'machine-locked'
  | 'safety-too-low'
  | 'power-control-off'
  | 'reimage-off'

export interface BmcOrderCheck {
  jws: string
  /** The command or the deployment that the order has to be for: whoever asks burns this id. */
  orderId: string
  /** What is to be done; it has to be what was signed. */
  what: BmcAction
  machineId: string
  bmcAddress: string | null
  /** As the site's state has it; null when it is not there. */
  machine: SiteMachine | null
  site: Pick<SiteState, 'siteId' | 'minimumSafety' | SafetyControl> & { controlPlaneId: string }
  signerKeys: readonly SignerKey[]
  nowSeconds: number
}

export type BmcOrderVerdict =
  | { kind: 'accepted'; order: BmcOrder }
  | { kind: 'refused'; reason: BmcOrderRefusal; message: string }

const refuse = (reason: BmcOrderRefusal, message: string): BmcOrderVerdict => ({
  kind: 'refused',
  reason,
  message,
})

/** Decides whether a machine's power or boot device may be changed. */
export async function decideBmcOrder(
  check: BmcOrderCheck,
  verifySignature: VerifySignature,
): Promise<BmcOrderVerdict> {
  const signature = await verifySignature(check.jws, bmcOrderType, check.signerKeys)
  if (signature.kind !== 'ok') return refuse(signature.kind, sentences[signature.kind])
  const parsed = bmcOrderSchema.safeParse(signature.payload)
  if (!parsed.success) return refuse('malformed', 'The order does not have the agreed shape.')
  const order = parsed.data
  return (
    refuseSubject(order, check) ??
    refuseTime(order, check.nowSeconds) ??
    refuseSafety(order, check) ?? { kind: 'accepted', order }
  )
}

const sentences = {
  malformed: 'The order is not a signed order of the agreed type.',
  'unknown-signer': 'The order was signed by a key that this edge does not trust.',
  'bad-signature': 'The signature does not belong to this order.',
} as const

function refuseSubject(order: BmcOrder, check: BmcOrderCheck): BmcOrderVerdict | null {
  const { site } = check
  if (order.aud !== site.siteId || order.iss !== site.controlPlaneId)
    return refuse('wrong-site', 'The order is for another site.')
  if (order.machineId !== check.machineId || order.bmcAddress !== check.bmcAddress)
    return refuse('wrong-machine', 'The order is for another machine, or for another BMC address.')
  if (order.jti !== check.orderId || !isSame(order.what, check.what))
    return refuse('order-altered', 'What is asked for is not what was signed.')
  return null
}

function refuseTime(order: BmcOrder, nowSeconds: number): BmcOrderVerdict | null {
  if (order.iat > nowSeconds + clockLeewaySeconds)
    return refuse('not-yet-valid', 'The order was signed in the future by this edge’s clock.')
  if (order.exp + clockLeewaySeconds <= nowSeconds)
    return refuse('expired', 'The order expired before it was carried out.')
  return null
}

function refuseSafety(order: BmcOrder, { machine, site }: BmcOrderCheck): BmcOrderVerdict | null {
  if (order.what.action === 'reseal') return null
  if (site.powerControl === 'off' && order.what.action !== 'default-login')
    return refuse('power-control-off', switchedOffSentences.powerControl)
  if (site.reimage === 'off' && order.what.action === 'netboot')
    return refuse('reimage-off', switchedOffSentences.reimage)
  if (machine?.locked) return refuse('machine-locked', `${machine.name} is locked.`)
  if (site.minimumSafety === 'safe' && order.safety === 'power' && interrupts(order.what))
    return refuse('safety-too-low', 'The site asks for safe mode, and the order was given in power mode.')
  return null
}

/** Whether it may end what runs on the machine, or put something else in the place of what it starts from. */
function interrupts(what: BmcAction): boolean {
  if (what.action === 'netboot' || what.action === 'insert-media') return true
  return what.action === 'power' && what.operation !== 'on'
}

function isSame(a: BmcAction, b: BmcAction): boolean {
  const [one, other] = [a, b].map((action) => Object.entries(action).sort(([x], [y]) => (x < y ? -1 : 1)))
  return JSON.stringify(one) === JSON.stringify(other)
}
