import type { MachineEvent } from '../netboot-simulator/boot-stage.ts'
import type { Evidence } from './evidence.ts'
import type { OrderedDeployment } from './orders.ts'

type OrderEvent = Extract<MachineEvent, { kind: 'order' }>

/**
 * No machine is written twice: an order that its edge has heard the end of is never carried out again, and none after
 * a newer one. An order that was interrupted (its power went, it was restarted) may be repeated in another boot.
 */
export function judgeWrites(evidence: Evidence): string[] {
  const macs = [...new Set(evidence.machineEvents.map(({ mac }) => mac))]
  return macs.flatMap((mac) => {
    const seen = evidence.machineEvents.filter((event) => event.mac === mac)
    return [...judgeOrders(mac, seen, evidence), ...judgeOwnership(mac, seen, evidence)]
  })
}

function judgeOrders(mac: string, seen: readonly MachineEvent[], { edge }: Evidence): string[] {
  const begun: OrderEvent[] = []
  const settled = new Set<string>()
  const wrong: string[] = []
  for (const event of seen) {
    if (event.kind === 'settled') settled.add(event.orderId)
    if (event.kind !== 'order') continue
    const { orderId, deploymentId, epoch, boot } = event
    const say = (what: string) =>
      wrong.push(`${mac}, boot ${boot}: order ${orderId} was carried out ${what}.`)
    if (settled.has(orderId)) say('again after it was over')
    if (begun.some((other) => other.boot === boot)) say('in a boot that had taken one')
    if (begun.some((other) => other.epoch > epoch)) say('after a newer one')
    if (begun.some((other) => other.orderId === orderId && other.deploymentId !== deploymentId))
      say('for two deployments')
    const over = edge.entries.find(
      (entry) =>
        entry.event.type === 'deployment.stage' &&
        entry.event.stage === 'restarting' &&
        entry.event.deploymentId === deploymentId,
    )
    if (over && over.at < event.atMs) say('after its edge had noted its end')
    begun.push(event)
  }
  return wrong
}

/** A machine carries out what was ordered for it, and nothing else. */
function judgeOwnership(mac: string, seen: readonly MachineEvent[], { ordered }: Evidence): string[] {
  const own = new Set(ordered.filter((order) => order.mac === mac).map(({ deploymentId }) => deploymentId))
  return seen.flatMap((event) =>
    event.kind === 'order' && !own.has(event.deploymentId)
      ? [`${mac} carried out ${event.deploymentId}, which was not ordered for it.`]
      : [],
  )
}

/** What is called deployed was written whole; and each disk holds the image of its machine's last deployment. */
export function judgeDisks(evidence: Evidence): string[] {
  const { ordered, controlPlane, machineEvents, disks, images } = evidence
  const status = new Map(controlPlane.deployments.map((row) => [row.deploymentId, row.status]))
  const written = new Set(
    machineEvents.flatMap((event) => (event.kind === 'written' ? [event.deploymentId] : [])),
  )
  const deployed = ordered.filter(({ deploymentId }) => status.get(deploymentId) === 'deployed')
  const lastOf = new Map<string, OrderedDeployment>()
  for (const order of ordered.toSorted((one, other) => one.index - other.index)) lastOf.set(order.mac, order)
  return [
    ...deployed
      .filter(({ deploymentId }) => !written.has(deploymentId))
      .map(({ hostname }) => `${hostname} is called deployed, and no disk was written for it.`),
    ...[...lastOf].flatMap(([mac, { deploymentId, hostname, imageId }]) =>
      status.get(deploymentId) === 'deployed' && disks.get(mac) !== images.get(imageId)
        ? [`${mac}: its disk does not hold the image of ${hostname}.`]
        : [],
    ),
  ]
}
