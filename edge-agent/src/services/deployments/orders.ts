import { createHash, randomBytes } from 'node:crypto'
import {
  type EdgeToAgentFrame,
  type Plan,
  phoneHomeUrlReference,
  type SiteDeployment,
  type SiteState,
} from '@dragonfly/schema/wire'
import type { Database } from '../../io/database.ts'
import type { DeploymentState } from '../../protocol/deployment-types.ts'
import { decideOrder, type OrderVerdict } from '../../protocol/work-order.ts'
import type { Counters } from '../counters.ts'
import type { MachineIndex } from '../machine-index.ts'
import { digestPlan, verifySignature } from '../signing.ts'
import { addPhoneHomeToken, burnOrder, findBurnedOrder, newestEpoch } from '../store/deployments.ts'
import type { EdgeIdentity } from '../store/identity.ts'

/** The ramdisk that is to get an order. */
interface OrderTarget {
  mac: string
  smbiosUuid: string | null
  /** The edge's address as this ramdisk reaches it. */
  edgeAddress: string
}

type PreparedOrder =
  | { kind: 'order'; orderId: string; frame: Extract<EdgeToAgentFrame, { type: 'order' }> }
  | { kind: 'refused'; reason: string; message: string }
  /** The image is being imported. */
  | { kind: 'wait' }

export interface OrderPorts {
  database: Database
  identity: EdgeIdentity
  now: () => number
  /** Where the services of this edge listen now. */
  ports: () => { agentHttp: number; imageHttp: number }
  /** Named to ramdisks instead of this edge's own image server, when there are any. */
  imageServers: readonly string[]
  siteState: () => SiteState | null
  machines: () => MachineIndex
  imageReadiness: (manifestDigest: string) => 'ready' | 'pending' | 'missing'
  counters: Pick<Counters, 'increment'>
}

export interface Orders {
  /** What its verdict depends on, of what people change: the order itself, a lock, the site's switches. */
  standing(deployment: SiteDeployment): string
  /** Whether the order could be handed out, without burning it. */
  check(deployment: SiteDeployment): Promise<OrderVerdict>
  /** Verifies, burns, and fills in what only the edge knows; the order may be sent when this returns. */
  prepare(state: DeploymentState, target: OrderTarget): Promise<PreparedOrder>
}

export function createOrders(options: OrderPorts): Orders {
  const { database, identity, now } = options

  const verify = async (
    deployment: SiteDeployment,
    observed: { mac: string; smbiosUuid: string | null } | null,
  ): Promise<OrderVerdict> => {
    const verdict = await decide(deployment, observed)
    if (verdict.kind === 'refused')
      options.counters.increment('orders_refused', { order: 'deployment', reason: verdict.reason })
    return verdict
  }
  const decide = async (
    deployment: SiteDeployment,
    observed: { mac: string; smbiosUuid: string | null } | null,
  ): Promise<OrderVerdict> => {
    const site = options.siteState()
    const machine = options.machines().get(deployment.machineId)
    if (!site || !machine)
      return { kind: 'refused', reason: 'wrong-machine', message: 'The machine is not at this site.' }
    return decideOrder(
      {
        deployment,
        machine,
        site: { ...site, controlPlaneId: identity.controlPlaneId },
        signerKeys: trustedKeys(identity, site),
        observed,
        findBurned: (orderId) => findBurnedOrder(database, orderId),
        newestEpoch: await newestEpoch(database, machine.machineId),
        nowSeconds: Math.floor(now() / 1000),
      },
      { verifySignature, digestPlan },
    )
  }
  const fillIn = async (deployment: SiteDeployment, edgeAddress: string): Promise<Plan> => {
    if (!JSON.stringify(deployment.plan).includes(phoneHomeUrlReference)) return deployment.plan
    const token = randomBytes(32).toString('base64url')
    await addPhoneHomeToken(database, deployment.deploymentId, hashToken(token), now())
    const origin = `http://${edgeAddress}:${options.ports().agentHttp}`
    return fillPlan(deployment.plan, `${origin}/phone-home/${deployment.deploymentId}/${token}`)
  }
  const namedServers = (edgeAddress: string): string[] =>
    options.imageServers.length > 0
      ? [...options.imageServers]
      : [`http://${edgeAddress}:${options.ports().imageHttp}`]
  return {
    standing: ({ order, machineId }) => {
      const { minimumSafety, reimage } = options.siteState() ?? {}
      return [order, minimumSafety, reimage, options.machines().get(machineId)?.locked].join(' ')
    },
    check: (deployment) => verify(deployment, null),
    prepare: async (state, target) => {
      const deployment = options
        .siteState()
        ?.deployments.find((entry) => entry.deploymentId === state.deploymentId)
      if (!deployment)
        return { kind: 'refused', reason: 'malformed', message: 'The site no longer lists this deployment.' }
      const verdict = await verify(deployment, target)
      if (verdict.kind === 'refused') return verdict
      const { order } = verdict
      const readiness = order.imageManifestDigest
        ? options.imageReadiness(order.imageManifestDigest)
        : 'ready'
      if (readiness === 'pending') return { kind: 'wait' }
      if (readiness === 'missing') return imageMissing
      const burned = await burnOrder(
        database,
        {
          orderId: order.jti,
          deploymentId: state.deploymentId,
          machineId: state.machineId,
          epoch: order.machine.epoch,
        },
        now(),
      )
      if (!burned)
        return { kind: 'refused', reason: 'already-used', message: 'The work order was used before.' }
      return {
        kind: 'order',
        orderId: order.jti,
        frame: {
          type: 'order',
          orderId: order.jti,
          deploymentId: state.deploymentId,
          epoch: order.machine.epoch,
          plan: await fillIn(deployment, target.edgeAddress),
          imageServers: namedServers(target.edgeAddress),
        },
      }
    },
  }
}

const imageMissing: PreparedOrder = {
  kind: 'refused',
  reason: 'chunk-missing',
  message: 'This edge does not hold the image: see the images page for why its import failed.',
}

/** Keys pinned at `join` that the site still lists: a state can take trust away, never add it. */
export function trustedKeys(identity: EdgeIdentity, site: SiteState | null) {
  if (!site) return identity.signerKeys
  return identity.signerKeys.filter((pinned) =>
    site.signerKeys.some((listed) => listed.kid === pinned.kid && listed.jwk.x === pinned.jwk.x),
  )
}

/** Puts the address that the installed OS reports to where the plan refers to it. */
function fillPlan(plan: Plan, phoneHomeUrl: string): Plan {
  const fill = (text: string) => text.replaceAll(phoneHomeUrlReference, phoneHomeUrl)
  return {
    ...plan,
    actions: plan.actions.map((action) =>
      action.action === 'write-seed'
        ? { ...action, metaData: fill(action.metaData), userData: fill(action.userData) }
        : action,
    ),
  }
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
