import type { BmcCapability, PowerState } from '@dragonfly/schema/state'
import type { BmcLogEntry, Sample, Sensor } from '@dragonfly/schema/wire'
import type { PollKind, PollOutcome } from '../../protocol/bmc/poll-schedule.ts'
import { pickTemperatures } from '../../protocol/bmc/readings.ts'
import { BmcAttemptError, type BmcSession, type BmcTarget } from './driver.ts'
import type { BmcReach } from './reach.ts'

/** What one round with one BMC brought; null what was not asked for, or could not be had. */
export interface PollResult {
  outcome: PollOutcome
  powerState: PowerState | null
  /** Why its power state could not be read. */
  problem: string | null
  attempts: BmcAttemptError['attempts']
  readings: Omit<Sample, 'machineId'> | null
  newEntries: BmcLogEntry[]
  sensors: Sensor[] | null
}

export interface PollRequest {
  kinds: readonly PollKind[]
  /** The last entry of its event log that is known. */
  logMark: string | undefined
}

/** Reasons after which trying again soon does harm, or no good. */
const refusals = new Set([
  'no-credentials',
  'bad-credentials',
  'wrong-password',
  'wrong-kg',
  'unknown-user',
  'unauthorized',
  'forbidden',
  'password-change-required',
  'privilege-too-low',
  'no-cipher-suite',
  'no-key',
  'not-a-recipient',
  'altered',
  'other-site',
  'other-machine',
  'other-address',
  'other-tls-pin',
  'recipient-not-signed',
  'wrong-certificate',
])

/** Asks one BMC what is due. Never rejects for what a BMC does. */
export async function pollBmc(reach: BmcReach, target: BmcTarget, request: PollRequest): Promise<PollResult> {
  const { kinds, logMark } = request
  const ask = <T>(capability: BmcCapability, work: (session: BmcSession) => Promise<T>) =>
    askForPoll(reach, target, capability, work)
  const result: PollResult = {
    outcome: 'answered',
    powerState: null,
    problem: null,
    attempts: [],
    readings: null,
    newEntries: [],
    sensors: null,
  }
  // Asked first in every round: when it is silent, the rest need not be tried.
  try {
    result.powerState = await ask('power', async ({ power }) => (await power?.read()) ?? 'unknown')
  } catch (error) {
    return { ...result, ...describeFailure(error) }
  }
  if (kinds.includes('readings')) result.readings = await readReadings(ask)
  if (kinds.includes('log')) {
    const entries = await orNull(
      ask('eventLog', async (session) => (await session.readEventLog?.(logMark)) ?? []),
    )
    result.newEntries = entriesAfter(entries ?? [], logMark)
  }
  if (kinds.includes('sensors'))
    result.sensors = await orNull(ask('sensors', async (session) => (await session.readSensors?.()) ?? []))
  return result
}

type Ask = <T>(capability: BmcCapability, work: (session: BmcSession) => Promise<T>) => Promise<T>

async function readReadings(ask: Ask): Promise<PollResult['readings']> {
  const watts = await orNull(ask('powerDraw', async (session) => (await session.readPowerDraw?.()) ?? null))
  const sensors = await orNull(
    ask('sensors', async (session) => (await session.readSensors?.({ only: 'temperature' })) ?? []),
  )
  const { inletCelsius, hottestCelsius } = pickTemperatures(sensors ?? [])
  if (watts === null && inletCelsius === null && hottestCelsius === null) return null
  const isPlausible = watts !== null && watts >= 0 && watts < 1e6
  return { powerWatts: isPlausible ? watts : null, inletCelsius, hottestCelsius }
}

/** A driver may give the whole log. */
function entriesAfter(entries: readonly BmcLogEntry[], mark: string | undefined): BmcLogEntry[] {
  return entries.slice(entries.findLastIndex(({ id }) => id === mark) + 1)
}

async function askForPoll<T>(
  reach: BmcReach,
  target: BmcTarget,
  capability: BmcCapability,
  work: (session: BmcSession) => Promise<T>,
): Promise<T> {
  const among = reach.drivers(target, capability).filter(({ name }) => name === 'ipmi' || name === 'redfish')
  return (await reach.use(target, capability, work, among)).value
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work
  } catch (error) {
    if (error instanceof BmcAttemptError) return null
    throw error
  }
}

function describeFailure(error: unknown): Pick<PollResult, 'outcome' | 'problem' | 'attempts'> {
  if (!(error instanceof BmcAttemptError)) throw error
  const { attempts } = error
  const refusal = attempts.find(({ reason }) => refusals.has(reason))
  return {
    outcome: refusal ? 'refused' : 'silent',
    problem: (refusal ?? attempts.at(-1))?.message ?? 'Nothing on this edge can speak with it.',
    attempts,
  }
}
