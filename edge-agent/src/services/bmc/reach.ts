import type { BmcAttempt, BmcCapability, BmcDriverName } from '@dragonfly/schema/state'
import { BmcAttemptError, type BmcDriver, BmcError, type BmcSession, type BmcTarget } from './driver.ts'
import { orderDrivers } from './driver-order.ts'

export interface Reached<T> {
  value: T
  driver: BmcDriverName
  /** What did not work before it. */
  attempts: BmcAttempt[]
}

/** Reaches machines by the best driver that can do what is wanted, one request at a time for each of them. */
export interface BmcReach {
  /** Rejects with `BmcAttemptError` when no driver could. */
  use<T>(
    target: BmcTarget,
    capability: BmcCapability,
    work: (session: BmcSession) => Promise<T>,
    /** Instead of all that fit. */
    among?: readonly BmcDriver[],
  ): Promise<Reached<T>>
  /** The drivers that are worth trying for a machine, the best first. */
  drivers(target: BmcTarget, capability?: BmcCapability): readonly BmcDriver[]
  /** Does something while nothing else is under way for this machine. */
  inTurn<T>(target: BmcTarget, work: () => Promise<T>): Promise<T>
  /** Ends the connections with BMCs that are not among these any more, or that have other credentials by now. */
  retain(targets: readonly BmcTarget[]): Promise<void>
}

export function createBmcReach(drivers: readonly BmcDriver[]): BmcReach {
  const turns = new Map<string, Promise<unknown>>()
  // A driver that is silent here costs its time-out: what worked is tried first, until it fails.
  const workedLast = new Map<string, BmcDriverName>()

  const inTurn = <T>(target: BmcTarget, work: () => Promise<T>): Promise<T> => {
    const key = target.bmc ? `${target.bmc.address} ${target.bmc.port}` : target.machineId
    const done = (turns.get(key) ?? Promise.resolve()).catch(() => undefined).then(work)
    turns.set(key, done)
    const forget = () => {
      if (turns.get(key) === done) turns.delete(key)
    }
    done.then(forget, forget)
    return done
  }
  const memoryKey = ({ machineId, bmc }: BmcTarget, capability: BmcCapability) =>
    [machineId, bmc?.address, bmc?.protocol, capability].join(' ')
  const fitting = (target: BmcTarget, capability?: BmcCapability) => {
    const usable = drivers.filter((driver) => driver.fits(target))
    if (capability === undefined) return usable
    return orderDrivers(usable, capability, workedLast.get(memoryKey(target, capability)))
  }
  const remember = (target: BmcTarget, capability: BmcCapability, name: BmcDriverName) => {
    const key = memoryKey(target, capability)
    // The others see nothing: they stay what is tried last.
    if (name === 'redfish' || name === 'ipmi') workedLast.set(key, name)
    else workedLast.delete(key)
  }
  const retain = async (targets: readonly BmcTarget[]): Promise<void> => {
    const wanted = new Map(targets.map((target) => [target.machineId, reachOf(target)]))
    for (const key of workedLast.keys()) if (!wanted.has(key.split(' ')[0] ?? '')) workedLast.delete(key)
    const releases = drivers.flatMap((driver) =>
      (driver.held?.() ?? [])
        .filter((target) => wanted.get(target.machineId) !== reachOf(target))
        // Not in the middle of what is under way.
        .map((target) => inTurn(target, async () => driver.release?.(target))),
    )
    await Promise.allSettled(releases)
  }
  return {
    inTurn,
    retain,
    drivers: fitting,
    use: (target, capability, work, among) =>
      inTurn(target, async () => {
        const attempts: BmcAttempt[] = []
        for (const driver of among ?? fitting(target, capability)) {
          const tried = await attempt(driver, target, capability, work)
          if (tried.kind === 'done') {
            remember(target, capability, driver.name)
            return { value: tried.value, driver: driver.name, attempts }
          }
          attempts.push(tried.failure)
        }
        throw new BmcAttemptError(capability, attempts)
      }),
  }
}

/** Changes with whatever a connection depends on. */
export function reachOf({ bmc }: BmcTarget): string {
  return bmc
    ? [bmc.address, bmc.port, bmc.protocol, bmc.credentials?.ciphertext, bmc.credentials?.tag].join(' ')
    : ''
}

type Tried<T> = { kind: 'done'; value: T } | { kind: 'failed'; failure: BmcAttempt }

async function attempt<T>(
  driver: BmcDriver,
  target: BmcTarget,
  capability: BmcCapability,
  work: (session: BmcSession) => Promise<T>,
): Promise<Tried<T>> {
  try {
    const session = await driver.open(target)
    try {
      if (!hasCapability(session, capability))
        return { kind: 'failed', failure: notSupported(driver, capability) }
      return { kind: 'done', value: await work(session) }
    } finally {
      await session.close().catch(() => undefined)
    }
  } catch (error) {
    return { kind: 'failed', failure: describeFailure(driver.name, error) }
  }
}

/** What a failed try is called; a surprise of ours is not repeated word for word, for it may hold anything. */
export function describeFailure(driver: BmcDriverName, error: unknown): BmcAttempt {
  if (error instanceof BmcError)
    return { driver, reason: error.reason.slice(0, 64), message: error.message.slice(0, 2000) }
  return { driver, reason: 'internal', message: 'The edge failed at it: its log says why.' }
}

function notSupported({ name }: BmcDriver, capability: BmcCapability): BmcAttempt {
  return {
    driver: name,
    reason: 'not-supported',
    message: `${driverNames[name]} can’t do that (${capability}).`,
  }
}

const driverNames: Record<BmcDriverName, string> = {
  redfish: 'Redfish',
  ipmi: 'IPMI',
  'wake-on-lan': 'Wake-on-LAN',
  person: 'A person',
}

function hasCapability(session: BmcSession, capability: BmcCapability): boolean {
  switch (capability) {
    case 'power':
      return session.power !== undefined
    case 'bootDevice':
      return session.setBootDevice !== undefined
    case 'identify':
      return session.identify !== undefined
    case 'sensors':
      return session.readSensors !== undefined
    case 'eventLog':
      return session.readEventLog !== undefined
    case 'inventory':
      return session.readInventory !== undefined
    case 'powerDraw':
      return session.readPowerDraw !== undefined
    case 'console':
      return session.openConsole !== undefined
    case 'virtualMedia':
      return session.virtualMedia !== undefined
    case 'account':
      return session.setAccount !== undefined
  }
}
