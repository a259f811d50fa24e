import type { CommandView, MachineDetail } from '@dragonfly/schema/api'
import {
  type BmcReading,
  type BootDevice,
  commandLifetimeMs,
  machineActions,
  type PowerOperation,
  powerOperationTexts,
  type SafetyMode,
} from '@dragonfly/schema/state'
import type { BmcAction, MachineCommand } from '@dragonfly/schema/wire'
import type { Deps, Person } from '../../deps.ts'
import { conflict, notFound } from '../../errors.ts'
import { issueCommand } from '../commands/dispatch.ts'
import { getCommand } from '../commands/service.ts'
import { getMachine } from '../machines/service.ts'
import { signBmcOrder } from './orders.ts'
import { type BmcRow, readBmc, renderSiteBmc } from './queries.ts'
import { refuseTakenAddress } from './taken-address.ts'

/** Every operation answers with the command that carries it out: 202, for the site has the last word. */

export async function probeBmc(deps: Deps, person: Person, machineId: string): Promise<CommandView> {
  return request(deps, person, machineId, 'Look at the BMC', (target) => ({ kind: 'bmc.probe', ...target }))
}

const readingTitles: Record<BmcReading, string> = {
  power: 'Read the power state',
  sensors: 'Read the sensors',
  'event-log': 'Read the event log',
  inventory: 'Read the inventory',
}

export async function readFromBmc(
  deps: Deps,
  person: Person,
  machineId: string,
  what: BmcReading,
): Promise<CommandView> {
  return request(deps, person, machineId, readingTitles[what], (target) => ({
    kind: 'bmc.read',
    ...target,
    what,
  }))
}

export async function identifyMachine(
  deps: Deps,
  person: Person,
  machineId: string,
  seconds: number | null,
): Promise<CommandView> {
  const title = seconds === 0 ? 'Switch the identify LED off' : 'Switch the identify LED on'
  return request(deps, person, machineId, title, (target) => ({ kind: 'bmc.identify', ...target, seconds }))
}

/** Also for a machine without a BMC: it is woken, or a person is asked. */
export async function powerMachine(
  deps: Deps,
  person: Person,
  machineId: string,
  input: { operation: PowerOperation; safety: SafetyMode; delayMs?: number },
): Promise<CommandView> {
  const { operation, safety, delayMs } = input
  const what: BmcAction = { action: 'power', operation }
  const { title } = powerOperationTexts[operation]
  return control(deps, person, machineId, { title, what, safety, ...(delayMs ? { delayMs } : {}) })
}

export async function setBootDevice(
  deps: Deps,
  person: Person,
  machineId: string,
  input: { device: BootDevice; persistent?: boolean | undefined; uefi?: boolean | undefined },
): Promise<CommandView> {
  const machine = await getMachine(deps, machineId)
  const { device, persistent = false, uefi = knownFirmware(machine) } = input
  return control(deps, person, machineId, {
    title: persistent ? `Always boot from ${deviceNames[device]}` : `Boot from ${deviceNames[device]} once`,
    what: { action: 'boot-device', device, persistent, uefi },
    safety: 'safe',
  })
}

/** A null URL empties the drive. It restarts nothing: what runs on the machine goes on. */
export async function changeMedia(
  deps: Deps,
  person: Person,
  machineId: string,
  { url, safety }: { url: string | null; safety: SafetyMode },
): Promise<CommandView> {
  if (!(await readBmc(deps.db, machineId))) throw notFound('BMC')
  return control(deps, person, machineId, {
    title: url === null ? 'Eject the virtual disc' : 'Insert a virtual disc',
    what: url === null ? { action: 'eject-media' } : { action: 'insert-media', url },
    safety,
  })
}

export async function readMedia(deps: Deps, person: Person, machineId: string): Promise<CommandView> {
  return request(deps, person, machineId, 'Look at the virtual drive', (target) => ({
    kind: 'bmc.media',
    ...target,
    change: null,
  }))
}

/** What is in it stays readable in the portal, as far as it was read. */
export async function clearEventLog(
  deps: Deps,
  person: Person,
  machineId: string,
  safety: SafetyMode,
): Promise<CommandView> {
  if (!(await readBmc(deps.db, machineId))) throw notFound('BMC')
  return control(deps, person, machineId, {
    title: 'Clear the event log',
    what: { action: 'clear-event-log' },
    safety,
  })
}

const deviceNames: Record<BootDevice, string> = {
  pxe: 'the network',
  disk: 'its disk',
  cdrom: 'a CD',
  setup: 'its firmware’s setup',
  none: 'what its firmware says',
}

function knownFirmware({ inventory }: MachineDetail): boolean | null {
  return inventory ? inventory.firmware === 'uefi' : null
}

/** An account with a password of its own, made over the LAN where a login is known, else from the machine's ramdisk. */
export async function createBmcAccount(deps: Deps, person: Person, machineId: string): Promise<CommandView> {
  const machine = await getMachine(deps, machineId)
  const verdict = machineActions.power(machine)
  if (!verdict.allowed) throw conflict('account-refused', verdict.reason)
  const { siteId, inventory } = machine
  const address = inventory?.bmc?.address
  if (address) await refuseTakenAddress(deps, siteId, { address, port: null }, machineId)
  const bmc = await readBmc(deps.db, machineId)
  if (!machine.ramdiskConnected && !bmc?.credentials)
    throw conflict(
      'not-in-ramdisk',
      'Without a password of its BMC, an account is made from the ramdisk: boot the machine into it first.',
    )
  const issuedAt = deps.clock()
  const commandId = await issueCommand(deps, {
    siteId,
    machineId,
    title: 'Create an account on the BMC',
    lifetimeMs: commandLifetimeMs.read,
    createdBy: person.name,
    build: async (orderId, expiresAt) => {
      const what: BmcAction = { action: 'account' }
      const bmcAddress = bmc?.address ?? null
      const draft = {
        orderId,
        siteId,
        machineId,
        bmcAddress,
        what,
        safety: 'safe',
        issuedAt,
        expiresAt,
      } as const
      return { kind: 'bmc.create-account', ...target(machineId, bmc), order: await signBmcOrder(deps, draft) }
    },
  })
  return getCommand(deps, commandId)
}

/** For BMCs that are as they left their factory. Nothing is tried where a password is known, or on a locked machine. */
export async function tryDefaultLogin(deps: Deps, person: Person, machineId: string): Promise<CommandView> {
  const machine = await getMachine(deps, machineId)
  if (machine.locked) throw conflict('machine-locked', `${machine.name} is locked: unlock it first.`)
  const bmc = await readBmc(deps.db, machineId)
  if (!bmc) throw notFound('BMC')
  if (bmc.credentials && bmc.problem === null)
    throw conflict('has-credentials', 'It has a user name and a password already: nothing has to be guessed.')
  if (bmc.protocol === 'wake-on-lan')
    throw conflict('no-bmc', 'It is woken by its network card: there is nobody to sign in to.')
  const issuedAt = deps.clock()
  const { siteId } = machine
  const commandId = await issueCommand(deps, {
    siteId,
    machineId,
    title: 'Try the maker’s default login',
    lifetimeMs: commandLifetimeMs.power,
    createdBy: person.name,
    build: async (orderId, expiresAt) => {
      const what: BmcAction = { action: 'default-login' }
      const bmcAddress = bmc.address
      const safety: SafetyMode = 'safe'
      const draft = { orderId, siteId, machineId, bmcAddress, what, safety, issuedAt, expiresAt }
      return { kind: 'bmc.default-login', ...target(machineId, bmc), order: await signBmcOrder(deps, draft) }
    },
  })
  return getCommand(deps, commandId)
}

async function control(
  deps: Deps,
  person: Person,
  machineId: string,
  input: { title: string; what: BmcAction; safety: SafetyMode; delayMs?: number },
): Promise<CommandView> {
  const { title, what, safety, delayMs } = input
  const machine = await getMachine(deps, machineId)
  const verdict = machineActions.power(machine)
  if (!verdict.allowed) throw conflict('power-refused', verdict.reason)
  const bmc = await readBmc(deps.db, machineId)
  const issuedAt = deps.clock()
  const commandId = await issueCommand(deps, {
    siteId: machine.siteId,
    machineId,
    title,
    lifetimeMs: commandLifetimeMs.power,
    createdBy: person.name,
    ...(delayMs ? { delayMs } : {}),
    build: async (orderId, expiresAt) => {
      const { siteId } = machine
      const bmcAddress = bmc?.address ?? null
      const draft = { orderId, siteId, machineId, bmcAddress, what, safety, issuedAt, expiresAt }
      const order = await signBmcOrder(deps, draft)
      if (what.action === 'insert-media' || what.action === 'eject-media')
        return { kind: 'bmc.media', ...target(machineId, bmc), change: { what, order } }
      return { kind: 'bmc.control', ...target(machineId, bmc), what, order }
    },
  })
  return getCommand(deps, commandId)
}

/** What changes nothing needs no order, but a BMC. */
async function request(
  deps: Deps,
  person: Person,
  machineId: string,
  title: string,
  build: (target: Target) => MachineCommand,
): Promise<CommandView> {
  const machine = await getMachine(deps, machineId)
  const bmc = await readBmc(deps.db, machineId)
  if (!bmc) throw notFound('BMC')
  const commandId = await issueCommand(deps, {
    siteId: machine.siteId,
    machineId,
    title,
    lifetimeMs: commandLifetimeMs.read,
    createdBy: person.name,
    build: async () => build(target(machineId, bmc)),
  })
  return getCommand(deps, commandId)
}

type Target = Pick<MachineCommand, 'machineId' | 'bmc'>

function target(machineId: string, bmc: BmcRow | null): Target {
  return { machineId, bmc: bmc ? renderSiteBmc(bmc) : null }
}
