import { createHash } from 'node:crypto'
import { isActive } from '@dragonfly/schema/state'
import type { AgentFrame, EdgeToAgentFrame, Inventory, SiteEvent } from '@dragonfly/schema/wire'
import type { Database } from '../../io/database.ts'
import type { DeploymentInput, DeploymentState } from '../../protocol/deployment-types.ts'
import type { DeploymentRunner } from '../deployments/runner.ts'
import type { MachineIndex } from '../machine-index.ts'
import { storeSessionInventory } from '../store/sessions.ts'
import { holdMs, type RamdiskLink } from './link.ts'

export interface LinksOptions {
  database: Database
  now: () => number
  runner: () => DeploymentRunner
  machines: () => MachineIndex
  append: (event: SiteEvent) => Promise<void>
  /** A machine that the site does not know was looked at. */
  onDiscovered: (macs: string[]) => Promise<void>
  /** A ramdisk got a chunk that is not what its name says. */
  onCorruptChunk: (chunk: string) => void
}

/** The ramdisks that are connected, and what they say. */
export interface Links {
  size(): number
  isOpen(session: string): boolean
  forMachine(machineId: string): RamdiskLink | null
  open(link: RamdiskLink): Promise<void>
  handle(link: RamdiskLink, frame: Exclude<AgentFrame, { type: 'hello' }>): Promise<void>
  closed(link: RamdiskLink): Promise<void>
  /** The site's state or an image changed: there may be an order for somebody now. */
  reconsider(): Promise<void>
  tick(): void
  closeAll(): void
}

/** An inventory has to fit into a tunnel frame with its envelope. */
export const largestInventoryBytes = 768 * 1024

type OrderFrame = Extract<AgentFrame, { orderId: string }>

export function createLinks(options: LinksOptions): Links {
  const { now, append } = options
  const links = new Map<string, RamdiskLink>()

  const sendToMachine = (machineId: string): RamdiskLink | null =>
    [...links.values()].findLast((link) => link.machineId === machineId) ?? null

  /** Finds who it is and what is armed for it, and tells that deployment. */
  const consider = async (link: RamdiskLink): Promise<void> => {
    link.machineId =
      options.machines().identify(link.session.macs, link.session.smbiosUuid)?.machineId ?? null
    const deployment = link.machineId ? options.runner().activeFor(link.machineId) : null
    if (!deployment) return
    const { deploymentId } = deployment
    // A boot takes one order: for the next deployment the machine starts over.
    if (link.orderId !== null && link.orderId !== deployment.lastOrderId)
      return link.send({ type: 'restart', reason: 'Another deployment was armed for this machine.' })
    if (link.announcedTo !== deploymentId) {
      link.announcedTo = deploymentId
      const { newBoot, orderId } = link
      await options.runner().apply(deploymentId, { type: 'hello', newBoot, orderId })
    }
    if (link.session.inventoryHash) await options.runner().apply(deploymentId, { type: 'agent-ready' })
  }
  const takeInventory = async (link: RamdiskLink, inventory: Inventory): Promise<void> => {
    const hash = createHash('sha256').update(JSON.stringify(inventory)).digest('hex')
    const { session } = link
    if (session.inventoryHash !== hash) {
      session.inventoryHash = hash
      session.macs = [...new Set([session.mac, ...inventory.nics.map((nic) => nic.mac)])]
      session.smbiosUuid = inventory.smbios.uuid
      link.machineId = options.machines().identify(session.macs, session.smbiosUuid)?.machineId ?? null
      await append({
        type: 'machine.inventory',
        machineId: link.machineId,
        mac: session.mac,
        address: link.remoteAddress,
        inventory,
      })
      if (!link.machineId) await options.onDiscovered(session.macs)
      await storeSessionInventory(options.database, session)
    }
    await consider(link)
  }
  const takeOrderFrame = async (link: RamdiskLink, frame: OrderFrame): Promise<void> => {
    const { machineId } = link
    const deployment = machineId ? options.runner().findByOrder(machineId, frame.orderId) : null
    if (!deployment) return answerStray(link, frame)
    const input = toInput(frame)
    if (frame.type === 'failed' && frame.reason === 'chunk-corrupt' && frame.chunk)
      options.onCorruptChunk(frame.chunk)
    await options.runner().apply(deployment.deploymentId, input)
    if (!isActive(options.runner().get(deployment.deploymentId)?.status ?? 'failed'))
      link.holdUntil = now() + holdMs
  }
  const feed = async (link: RamdiskLink): Promise<void> => {
    if (link.announcedTo) await options.runner().apply(link.announcedTo, { type: 'agent-alive' })
  }
  const toldConnected = (link: RamdiskLink, connected: boolean): Promise<void> =>
    append({ type: 'machine.ramdisk', machineId: link.machineId, mac: link.session.mac, connected })

  return {
    size: () => links.size,
    isOpen: (session) => links.has(session),
    forMachine: sendToMachine,
    open: async (link) => {
      links.get(link.session.session)?.close()
      links.set(link.session.session, link)
      link.machineId =
        options.machines().identify(link.session.macs, link.session.smbiosUuid)?.machineId ?? null
      await toldConnected(link, true)
      await consider(link)
      // Only an order boots a machine that the site knows into the ramdisk: it was withdrawn meanwhile.
      if (link.newBoot && link.machineId && !options.runner().activeFor(link.machineId))
        link.send({ type: 'restart', reason: 'What it was started for is over.' })
    },
    handle: async (link, frame) => {
      switch (frame.type) {
        case 'inventory':
          return takeInventory(link, frame.inventory)
        case 'log':
          return append(toLogEvent(link, frame.lines, options.runner()))
        case 'ping':
          link.send({ type: 'pong' })
          return feed(link)
        default:
          return takeOrderFrame(link, frame)
      }
    },
    closed: async (link) => {
      if (links.get(link.session.session) !== link) return
      links.delete(link.session.session)
      await toldConnected(link, false)
      if (link.announcedTo) await options.runner().apply(link.announcedTo, { type: 'link-lost' })
    },
    reconsider: async () => {
      for (const link of [...links.values()]) await consider(link)
    },
    tick: () => {
      for (const link of links.values()) {
        const busy = link.machineId !== null && options.runner().activeFor(link.machineId) !== null
        if (busy || now() < link.holdUntil) continue
        link.holdUntil = now() + holdMs
        link.send({
          type: 'restart',
          reason: 'Nothing is armed for this machine: it goes back to its own disk.',
        })
      }
    },
    closeAll: () => {
      for (const link of links.values()) link.close()
    },
  }
}

function toLogEvent(
  link: RamdiskLink,
  lines: Extract<AgentFrame, { type: 'log' }>['lines'],
  runner: DeploymentRunner,
): SiteEvent {
  const deployment: DeploymentState | null = link.machineId ? runner.activeFor(link.machineId) : null
  const deploymentId = deployment?.deploymentId ?? link.announcedTo
  return { type: 'log', machineId: link.machineId, deploymentId, mac: link.session.mac, lines }
}

function toInput(frame: OrderFrame): DeploymentInput {
  const { orderId } = frame
  switch (frame.type) {
    case 'stage':
      return {
        type: 'agent-stage',
        orderId,
        stage: frame.stage,
        disk: frame.disk ? nameDisk(frame.disk) : null,
      }
    case 'progress':
      return { type: 'agent-progress', orderId, bytesDone: frame.bytesDone, bytesTotal: frame.bytesTotal }
    case 'result':
      return { type: 'agent-done', orderId }
    case 'failed':
      return { type: 'agent-failed', orderId, reason: frame.reason, message: frame.message }
  }
}

function nameDisk(disk: { name: string; model: string | null; serial: string | null }): string {
  return [disk.model ?? disk.name, disk.serial]
    .filter((part) => part)
    .join(' ')
    .slice(0, 256)
}

/** An order that nobody knows (any more): the ramdisk is told to stop asking. */
function answerStray(link: RamdiskLink, frame: OrderFrame): void {
  const reply: EdgeToAgentFrame | null =
    frame.type === 'failed'
      ? { type: 'result-taken', orderId: frame.orderId }
      : frame.type === 'result'
        ? { type: 'restart', reason: 'The order is over.' }
        : null
  if (reply) link.send(reply)
}
