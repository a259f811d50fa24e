import type { BmcAttempt, BmcCapability } from '@dragonfly/schema/state'
import type {
  BmcAction,
  Command,
  CommandDetail,
  MachineCommand,
  SiteEvent,
  SiteMachine,
} from '@dragonfly/schema/wire'
import type { BmcOrderVerdict } from '../../protocol/bmc-order.ts'
import type { CommandOutcome } from '../commands/command-desk.ts'
import type { Sealing } from '../sealing.ts'
import { type AccountPorts, createAccount } from './account.ts'
import { tryDefaultLogins } from './default-login.ts'
import { BmcAttemptError, BmcError, type BmcTarget } from './driver.ts'
import { handleMedia } from './media.ts'
import { askPerson } from './person.ts'
import { type PowerPorts, switchPower } from './power.ts'
import { handlePowerLimit } from './power-limit.ts'
import { probeBmc } from './probe.ts'
import type { BmcReach, Reached } from './reach.ts'
import { reseal } from './reseal.ts'

/** Kinds of commands that this edge can carry out; it says so in its `hello`. */
export const knownCommands: Command['kind'][] = [
  'bmc.probe',
  'bmc.read',
  'bmc.identify',
  'bmc.control',
  'credentials.reseal',
  'bmc.create-account',
  'bmc.media',
  'bmc.power-limit',
  'bmc.default-login',
  'bmc.scan',
]

export interface BmcCommandPorts extends PowerPorts, Pick<AccountPorts, 'askRamdisk' | 'recipients'> {
  sealing: Pick<Sealing, 'resealCredentials' | 'sealOnEdge'>
  reach: BmcReach
  machine: (machineId: string) => SiteMachine | null
  /** Whether what is asked for was signed, for this command and this machine. */
  checkOrder: (input: {
    jws: string
    orderId: string
    what: BmcAction
    target: BmcTarget
  }) => Promise<BmcOrderVerdict>
  report: (event: SiteEvent) => Promise<void>
  /** The event log was cleared: what comes next in it is new. */
  forgetLog: (machineId: string) => Promise<void>
}

/** Carries out one command on a machine's BMC. */
export async function executeBmcCommand(
  ports: BmcCommandPorts,
  { commandId, command }: { commandId: string; command: MachineCommand },
): Promise<CommandOutcome> {
  const target = describeTarget(command, ports.machine(command.machineId))
  try {
    switch (command.kind) {
      case 'bmc.probe':
        return await probe(ports, target)
      case 'bmc.read':
        return await read(ports, target, command.what)
      case 'bmc.identify':
        return await done(
          ports.reach.use(target, 'identify', async (session) => session.identify?.(command.seconds)),
          ({ driver }) => ({ detail: { kind: 'identify', driver } }),
        )
      case 'bmc.control': {
        const { what, order } = command
        const verdict = await ports.checkOrder({ jws: order, orderId: commandId, what, target })
        if (verdict.kind === 'refused') return failed(verdict.reason, verdict.message, [])
        return await control(ports, target, what)
      }
      case 'bmc.create-account':
        return await createAccount(ports, commandId, command, target)
      case 'bmc.media':
        return await handleMedia(ports, commandId, command, target)
      case 'bmc.power-limit':
        return await handlePowerLimit(ports, commandId, command, target)
      case 'bmc.default-login':
        return await tryDefaultLogins(ports, commandId, command, target)
      case 'credentials.reseal':
        return await reseal(ports, commandId, command, target)
    }
  } catch (error) {
    if (!(error instanceof BmcAttemptError)) throw error
    return failed(error.attempts.at(0)?.reason ?? 'no-driver', error.message, error.attempts)
  }
}

function describeTarget(
  { machineId, bmc }: Pick<MachineCommand, 'machineId' | 'bmc'>,
  machine: SiteMachine | null,
): BmcTarget {
  return { machineId, bmc, name: machine?.name ?? bmc?.address ?? machineId, macs: machine?.macs ?? [] }
}

function failed(reason: string, message: string, attempts: readonly BmcAttempt[]): CommandOutcome {
  return { kind: 'ended', result: { outcome: 'failed', reason, message, attempts: attempts.slice(0, 16) } }
}

async function done<T>(
  reached: Promise<Reached<T>>,
  describe: (reached: Reached<T>) => { message?: string; detail: CommandDetail },
): Promise<CommandOutcome> {
  const found = await reached
  return { kind: 'ended', result: { outcome: 'done', attempts: found.attempts, ...describe(found) } }
}

async function probe({ reach, report }: BmcCommandPorts, target: BmcTarget): Promise<CommandOutcome> {
  const { identity, capabilities, powerState, attempts, isReached } = await probeBmc(reach, target)
  const { machineId } = target
  const isOnlyWoken = target.bmc?.protocol === 'wake-on-lan'
  if (!isReached && !isOnlyWoken) {
    const [first] = attempts
    const message = first?.message ?? 'Nothing on this edge can speak with it.'
    await report({ type: 'bmc.power', machineId, powerState: 'unknown', problem: message, attempts })
    return failed(first?.reason ?? 'no-driver', message, attempts)
  }
  await report({ type: 'bmc.identified', machineId, identity, capabilities })
  if (powerState !== 'unknown') await report({ type: 'bmc.power', machineId, powerState, problem: null })
  const detail = { kind: 'probe', identity, capabilities } as const
  return { kind: 'ended', result: { outcome: 'done', attempts, detail } }
}

async function read(
  { reach, report }: BmcCommandPorts,
  target: BmcTarget,
  what: Extract<Command, { kind: 'bmc.read' }>['what'],
): Promise<CommandOutcome> {
  const { machineId } = target
  switch (what) {
    case 'power': {
      const found = await reach
        .use(target, 'power', async (session) => session.power?.read() ?? 'unknown')
        .catch(async (error: unknown) => {
          const problem = error instanceof Error ? error.message : 'It could not be read.'
          await report({ type: 'bmc.power', machineId, powerState: 'unknown', problem })
          throw error
        })
      const { value: powerState, driver, attempts } = found
      await report({ type: 'bmc.power', machineId, powerState, problem: null })
      return {
        kind: 'ended',
        result: { outcome: 'done', attempts, detail: { kind: 'power', powerState, driver } },
      }
    }
    case 'sensors':
      return done(
        reach.use(target, 'sensors', async (session) => (await session.readSensors?.()) ?? []),
        ({ value }) => ({ detail: { kind: 'sensors', sensors: value.slice(0, 1000) } }),
      )
    case 'event-log':
      return done(
        reach.use(target, 'eventLog', async (session) => (await session.readEventLog?.()) ?? []),
        ({ value }) => ({ detail: { kind: 'event-log', entries: value.slice(-2000) } }),
      )
    case 'inventory':
      return done(
        reach.use(target, 'inventory', async (session) => (await session.readInventory?.()) ?? []),
        ({ value }) => ({ detail: { kind: 'inventory', fields: value.slice(0, 2000) } }),
      )
  }
}

async function control(ports: BmcCommandPorts, target: BmcTarget, what: BmcAction): Promise<CommandOutcome> {
  if (what.action === 'power') return switchOrAsk(ports, target, what.operation)
  if (what.action === 'boot-device') {
    const { device, persistent, uefi } = what
    return done(
      ports.reach.use(target, capabilityOf(what), async (session) =>
        session.setBootDevice?.({ device, persistent, uefi }),
      ),
      ({ driver }) => ({ detail: { kind: 'boot-device', device, driver } }),
    )
  }
  if (what.action === 'clear-event-log') return clearLog(ports, target)
  return failed('malformed', 'To netboot is part of a deployment, not a command.', [])
}

async function clearLog(
  { reach, report, forgetLog }: BmcCommandPorts,
  target: BmcTarget,
): Promise<CommandOutcome> {
  const found = await reach.use(target, 'eventLog', async (session) => {
    if (!session.clearEventLog) throw new BmcError('not-supported', 'It can’t clear its event log.')
    await session.clearEventLog()
  })
  await forgetLog(target.machineId)
  await report({ type: 'bmc.log', machineId: target.machineId, wasCleared: true, entries: [] })
  const { driver, attempts } = found
  return {
    kind: 'ended',
    result: {
      outcome: 'done',
      message: 'The event log is empty.',
      attempts,
      detail: { kind: 'event-log-cleared', driver },
    },
  }
}

function capabilityOf(what: BmcAction): BmcCapability {
  return what.action === 'boot-device' ? 'bootDevice' : 'power'
}

/** A person is the last driver: what nothing else could switch, somebody is asked to. */
async function switchOrAsk(
  ports: BmcCommandPorts,
  target: BmcTarget,
  operation: Extract<BmcAction, { action: 'power' }>['operation'],
): Promise<CommandOutcome> {
  const { machineId, name } = target
  try {
    const { value, driver, attempts } = await ports.reach.use(target, 'power', async ({ power }) => {
      if (!power) throw new Error('a driver that was chosen for power has it')
      return switchPower(power, operation, ports)
    })
    const { powerState, message } = value
    if (powerState !== 'unknown')
      await ports.report({ type: 'bmc.power', machineId, powerState, problem: null })
    return {
      kind: 'ended',
      result: { outcome: 'done', message, attempts, detail: { kind: 'power', powerState, driver } },
    }
  } catch (error) {
    if (!(error instanceof BmcAttemptError)) throw error
    const { attempts } = error
    if (attempts.some(({ reason }) => reason === 'powered-off'))
      return failed('powered-off', error.message, attempts)
    return { kind: 'waiting', message: askPerson(name, operation), attempts: attempts.slice(0, 16) }
  }
}
