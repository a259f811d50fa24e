import type { BmcAttempt, BmcCapabilities, BmcCapability, PowerState } from '@dragonfly/schema/state'
import type { BmcIdentity } from '@dragonfly/schema/wire'
import { type BmcDriver, BmcError, type BmcSession, type BmcTarget } from './driver.ts'
import { isPreferred } from './driver-order.ts'
import { type BmcReach, describeFailure } from './reach.ts'

export interface ProbeResult {
  identity: BmcIdentity
  capabilities: BmcCapabilities
  powerState: PowerState
  /** Drivers that did not get through at all. */
  attempts: BmcAttempt[]
  /** A BMC answered, as something else than a wake-up call into the dark. */
  isReached: boolean
}

const nobody: BmcIdentity = { vendor: null, model: null, firmware: null, serial: null, guid: null }

/** Looks by every driver at what a machine's BMC is and can do; the first driver that can do something is chosen for it. */
export function probeBmc(reach: BmcReach, target: BmcTarget): Promise<ProbeResult> {
  return reach.inTurn(target, async () => {
    const result: ProbeResult = {
      identity: nobody,
      capabilities: {},
      powerState: 'unknown',
      attempts: [],
      isReached: false,
    }
    for (const driver of reach.drivers(target)) await probeDriver(driver, target, result)
    return result
  })
}

async function probeDriver(driver: BmcDriver, target: BmcTarget, result: ProbeResult): Promise<void> {
  let session: BmcSession
  try {
    session = await driver.open(target)
  } catch (error) {
    result.attempts.push(describeFailure(driver.name, error))
    return
  }
  try {
    await look(driver, session, result)
  } finally {
    await session.close().catch(() => undefined)
  }
}

async function look(driver: BmcDriver, session: BmcSession, result: ProbeResult): Promise<void> {
  const { readIdentity, power, readPowerDraw } = session
  await note(driver, result, 'power', power, async () => {
    const state = (await power?.read()) ?? 'unknown'
    if (result.powerState === 'unknown') result.powerState = state
    if (state !== 'unknown') result.isReached = true
  })
  if (readIdentity) {
    const told = await readIdentity().catch(
      (error: unknown) => void result.attempts.push(describeFailure(driver.name, error)),
    )
    if (told) {
      result.isReached = true
      result.identity = mergeIdentities(result.identity, told)
    }
  }
  // What is off draws nothing that could be told from no sensor.
  const draw = result.powerState === 'on' ? readPowerDraw : undefined
  await note(driver, result, 'powerDraw', draw, async () => {
    if ((await readPowerDraw?.()) == null) throw new BmcError('no-sensor', 'The BMC measures no power draw.')
  })
  await note(driver, result, 'bootDevice', session.setBootDevice)
  await note(driver, result, 'identify', session.identify)
  await note(driver, result, 'sensors', session.readSensors)
  await note(driver, result, 'eventLog', session.readEventLog)
  await note(driver, result, 'inventory', session.readInventory)
  await note(driver, result, 'console', session.openConsole)
  await note(driver, result, 'account', session.setAccount)
  const { virtualMedia } = session
  await note(driver, result, 'virtualMedia', virtualMedia, async () => void (await virtualMedia?.read()))
}

/** The first driver that can do it stands; failures are kept only as long as none can. */
async function note(
  { name }: BmcDriver,
  { capabilities }: ProbeResult,
  capability: BmcCapability,
  ability: unknown,
  check: () => Promise<void> = async () => undefined,
): Promise<void> {
  const before = capabilities[capability]
  const isDone = before !== undefined && 'driver' in before
  if (ability === undefined || (isDone && !isPreferred(name, capability))) return
  try {
    await check()
    capabilities[capability] = { driver: name }
  } catch (error) {
    if (isDone) return
    const failures = [...(before?.failures ?? []), describeFailure(name, error)]
    capabilities[capability] = { failures }
  }
}

function mergeIdentities(first: BmcIdentity, other: BmcIdentity): BmcIdentity {
  const tlsPin = first.tlsPin ?? other.tlsPin
  const macs = first.macs ?? other.macs
  return {
    vendor: first.vendor ?? other.vendor,
    model: first.model ?? other.model,
    firmware: first.firmware ?? other.firmware,
    serial: first.serial ?? other.serial,
    guid: first.guid ?? other.guid,
    ...(tlsPin === undefined ? {} : { tlsPin }),
    ...(macs === undefined ? {} : { macs }),
  }
}
