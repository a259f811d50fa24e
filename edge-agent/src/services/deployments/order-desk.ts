import type { Log } from '@dragonfly/schema/log'
import { isActive } from '@dragonfly/schema/state'
import type { SiteDeployment } from '@dragonfly/schema/wire'
import type { DeploymentState } from '../../protocol/deployment-types.ts'
import type { Links } from '../ramdisk-link/links.ts'
import type { Orders } from './orders.ts'
import type { DeploymentRunner } from './runner.ts'

/** Checks orders when they arrive, and hands them to the ramdisks that wait for them. */
export interface OrderDesk {
  /** Fails deployments whose orders will never be accepted, before a machine is booted for them. */
  examine(wanted: readonly SiteDeployment[]): Promise<void>
  give(state: DeploymentState): void
}

export function createOrderDesk(ports: {
  orders: Orders
  runner: () => DeploymentRunner
  links: () => Links
  warn: Log['warn']
}): OrderDesk {
  const examined = new Map<string, string>()
  const giving = new Set<string>()

  const giveNow = async (state: DeploymentState): Promise<void> => {
    const { deploymentId, machineId } = state
    const link = ports.links().forMachine(machineId)
    if (!link) return
    const { mac, smbiosUuid } = link.session
    const prepared = await ports.orders.prepare(state, { mac, smbiosUuid, edgeAddress: link.edgeAddress })
    if (prepared.kind === 'wait') return
    if (prepared.kind === 'refused') {
      const { reason, message } = prepared
      return ports.runner().apply(deploymentId, { type: 'order-refused', reason, message })
    }
    await ports.runner().apply(deploymentId, { type: 'order-given', orderId: prepared.orderId })
    const current = ports.runner().get(deploymentId)
    const stillWanted = current && isActive(current.status) && current.abortSentAt === null
    if (!stillWanted || current.attempt !== state.attempt) return
    link.orderId = prepared.orderId
    link.send(prepared.frame)
  }
  return {
    examine: async (wanted) => {
      for (const deployment of wanted) {
        const { deploymentId } = deployment
        const standing = ports.orders.standing(deployment)
        if (examined.get(deploymentId) === standing) continue
        if (ports.runner().get(deploymentId)?.status !== 'armed') continue
        const verdict = await ports.orders.check(deployment)
        examined.set(deploymentId, standing)
        if (verdict.kind === 'accepted') continue
        const { reason, message } = verdict
        await ports.runner().apply(deploymentId, { type: 'order-refused', reason, message })
      }
      const listed = new Set(wanted.map((deployment) => deployment.deploymentId))
      for (const deploymentId of examined.keys()) {
        if (!listed.has(deploymentId)) examined.delete(deploymentId)
      }
    },
    give: (state) => {
      if (giving.has(state.deploymentId)) return
      giving.add(state.deploymentId)
      giveNow(state)
        .catch((error) => ports.warn('An order could not be handed out.', { error }))
        .finally(() => giving.delete(state.deploymentId))
    },
  }
}
