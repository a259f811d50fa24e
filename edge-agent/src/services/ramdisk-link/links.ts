import { createHash } from 'node:crypto'
import { isActive } from '@dragonfly/schema/state'
import type { AgentFrame, EdgeToAgentFrame, Inventory, SiteEvent } from '@dragonfly/schema/wire'
import type { Database } from '../../io/database.ts'
import type { DeploymentInput, DeploymentState } from '../../protocol/deployment-types.ts'
import type { DeploymentRunner } from '../deployments/runner.ts'
import type { MachineIndex } from '../machine-index.ts'
import { storeSessionInventory } from '../store/sessions.ts'
import type { BmcAccounts } from './bmc-accounts.ts'
import { holdMs, type RamdiskLink } from './link.ts'

export interface LinksOptions {
  database: Database
  now: () => number
  runner: () => DeploymentRunner
  machines: () => MachineIndex
  append: (event: SiteEvent) => Promise<void>
  /** A machine that the site does not know was looked at. */
  onDiscovered: (macs: string[]) => Promise<void>
  onBmcAccount: BmcAccounts['take']
  /** A ramdisk got a chunk that is not what its name says. */
  onCorruptChunk: (chunk: string) => void
}

/** The ramdisks that are connected, and what they say. */
export interface Links {
  size(): number
  isOpen(session: string): boolean
  forMachine(machineId: string): RamdiskLink | null
  open(link: RamdiskLink): Promise<void>
  handle(link: RamdiskLink, frame: LinkFrame): Promise<void>
  closed(link: RamdiskLink): Promise<void>
  /** The site's state or an image changed: there may be an order for somebody now. */
  reconsider(): Promise<void>
  tick(): void
  closeAll(): void
}

/** An inventory has to fit into a tunnel frame with its envelope. */
export const largestInventoryBytes = 768 * 1024

type LinkFrame = Exclude<AgentFrame, { type: 'hello' }>
type OrderFrame = Extract<AgentFrame, { orderId: string }>

export function createLinks(options: LinksOptions): Links {
  const { append } = options
  const links = new Map<string, RamdiskLink>()
  return {
    size: () => links.size,
    isOpen: (session) => links.has(session),
    forMachine: (machineId) => [...links.values()].findLast((link) => link.machineId === machineId) ?? null,
    open: async (link) => {
      links.get(link.session.session)?.close()
      links.set(link.session.session, link)
      await welcome(options, link)
    },
    handle: (link, frame) => handleFrame(options, link, frame),
    closed: async (link) => {
      if (links.get(link.session.session) !== link) return
      links.delete(link.session.session)
      await append(toPresenceEvent(link, false))
      if (link.announcedTo) await options.runner().apply(link.announcedTo, { type: 'link-lost' })
    },
    reconsider: async () => {
      for (const link of [...links.values()]) await consider(options, link)
    },
    tick: () => {
      for (const link of links.values()) releaseIdle(options, link)
    },
    closeAll: () => {
      for (const link of links.values()) link.close()
    },
  }
}

function identify({ machines }: LinksOptions, { session }: RamdiskLink): string | null {
  return machines().identify(session.macs, session.smbiosUuid)?.machineId ?? null
}

async function welcome(options: LinksOptions, link: RamdiskLink): Promise<void> {
  link.machineId = identify(options, link)
  await options.append(toPresenceEvent(link, true))
  await consider(options, link)
  // Only an order boots a machine that the site knows into the ramdisk: it was withdrawn meanwhile.
  if (link.newBoot && link.machineId && !options.runner().activeFor(link.machineId))
    link.send({ type: 'restart', reason: 'What it was started for is over.' })
}

/** Finds who it is and what is armed for it, and tells that deployment. */
async function consider(options: LinksOptions, link: RamdiskLink): Promise<void> {
  link.machineId = identify(options, link)
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

async function handleFrame(options: LinksOptions, link: RamdiskLink, frame: LinkFrame): Promise<void> {
  switch (frame.type) {
    case 'inventory':
      return takeInventory(options, link, frame.inventory)
    case 'log':
      return options.append(toLogEvent(link, frame.lines, options.runner()))
    case 'bmc-account':
      return options.onBmcAccount(link, frame)
    case 'ping':
      link.send({ type: 'pong' })
      if (link.announcedTo) await options.runner().apply(link.announcedTo, { type: 'agent-alive' })
      return
    default:
      return takeOrderFrame(options, link, frame)
  }
}

async function takeInventory(options: LinksOptions, link: RamdiskLink, inventory: Inventory): Promise<void> {
  const hash = createHash('sha256').update(JSON.stringify(inventory)).digest('hex')
  const { session } = link
  if (session.inventoryHash !== hash) {
    session.inventoryHash = hash
    session.macs = [...new Set([session.mac, ...inventory.nics.map((nic) => nic.mac)])]
    session.smbiosUuid = inventory.smbios.uuid
    link.machineId = identify(options, link)
    const { machineId, remoteAddress: address } = link
    await options.append({ type: 'machine.inventory', machineId, mac: session.mac, address, inventory })
    if (!machineId) await options.onDiscovered(session.macs)
    await storeSessionInventory(options.database, session)
  }
  await consider(options, link)
}

async function takeOrderFrame(options: LinksOptions, link: RamdiskLink, frame: OrderFrame): Promise<void> {
  const { machineId } = link
  const deployment = machineId ? options.runner().findByOrder(machineId, frame.orderId) : null
  if (!deployment) return answerStray(link, frame)
  if (frame.type === 'failed' && frame.reason === 'chunk-corrupt' && frame.chunk)
    options.onCorruptChunk(frame.chunk)
  await options.runner().apply(deployment.deploymentId, toInput(frame))
  if (!isActive(options.runner().get(deployment.deploymentId)?.status ?? 'failed'))
    link.holdUntil = options.now() + holdMs
}

/** A ramdisk that nobody wants anything of goes back to its own disk in time. */
function releaseIdle({ runner, now }: LinksOptions, link: RamdiskLink): void {
  const busy = link.machineId !== null && runner().activeFor(link.machineId) !== null
  if (busy || now() < link.holdUntil) return
  link.holdUntil = now() + holdMs
  link.send({ type: 'restart', reason: 'Nothing is armed for this machine: it goes back to its own disk.' })
}

function toPresenceEvent({ machineId, session }: RamdiskLink, connected: boolean): SiteEvent {
  return { type: 'machine.ramdisk', machineId, mac: session.mac, connected }
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
