import {
  chooseResetTypes,
  isFulfilled,
  type PowerReading,
  type PowerWish,
  parsePowerState,
} from '../../protocol/redfish/power.ts'
import { RedfishError } from '../../protocol/redfish/redfish-error.ts'
import { type Resource, textAt } from '../../protocol/redfish/resource.ts'
import { type RedfishMachine, readSystem } from './machine.ts'
import { findAction, invoke, patch, readAllowedValues } from './resources.ts'

const conflictTries = 4
const conflictPauseMs = 3000

export async function readPowerState(machine: RedfishMachine): Promise<PowerReading> {
  return parsePowerState(await readSystem(machine))
}

/**
 * Asks for a power state, or for a restart. Being in that state already is success, whatever the BMC answers; whether
 * the machine gets there is for the caller to look at.
 */
export async function setPower(machine: RedfishMachine, wish: PowerWish): Promise<void> {
  const system = await readSystem(machine)
  if (isFulfilled(wish, parsePowerState(system))) return
  const action = findAction(system, 'ComputerSystem.Reset')
  if (!action)
    throw new RedfishError('not-supported', 'This BMC has no action to switch the machine’s power.')
  const allowed = await readAllowedValues(machine.session, action, 'ResetType')
  const types = chooseResetTypes(wish, allowed)
  if (types.length === 0) throw new RedfishError('not-supported', `This BMC offers no ${names[wish]}.`)
  let refusal: unknown
  for (const type of types) {
    const tried = await tryReset(machine, action.target, type, wish)
    if (tried === null) return
    refusal = tried
  }
  throw refusal
}

const names: Record<PowerWish, string> = {
  on: 'power-on',
  off: 'power-off',
  'soft-off': 'shutdown',
  cycle: 'power cycle',
  reset: 'reset',
  diagnostic: 'diagnostic interrupt',
}

/** Null when it was taken, or is so already; else the refusal, after which another type may work. */
async function tryReset(
  machine: RedfishMachine,
  target: string,
  type: string,
  wish: PowerWish,
): Promise<RedfishError | null> {
  for (let left = conflictTries - 1; ; left--) {
    try {
      await invoke(machine.session, target, { ResetType: type }, `the ${names[wish]} (${type})`)
      return null
    } catch (error) {
      const isRefused =
        error instanceof RedfishError &&
        error.status !== null &&
        [400, 405, 409, 500, 501, 503].includes(error.status)
      if (!isRefused) throw error
      if (isFulfilled(wish, await readPowerState(machine))) return null
      // Right after a power-off some refuse to power on for some seconds.
      const isPassing = error.status === 409 || error.status === 503 || error.reason === 'busy'
      if (!isPassing || left <= 0) return error
      await machine.session.options.sleep(conflictPauseMs)
    }
  }
}

/** The identify LED, of the system or of its chassis, in the new way or in the old one. */
export async function setIndicator(machine: RedfishMachine, isOn: boolean): Promise<void> {
  const what = 'switching the identify LED'
  let refusal: unknown = new RedfishError('not-supported', 'This BMC has no identify LED to switch.')
  for (const path of [machine.systemPath, ...machine.chassisPaths.slice(0, 2)]) {
    const { body, etag } = await machine.session.get(path, { what })
    for (const wish of indicatorBodies(body, isOn)) {
      try {
        await patch(machine.session, path, wish, { what, etag })
        return
      } catch (error) {
        if (!(error instanceof RedfishError) || error.status === null) throw error
        refusal = error
      }
    }
  }
  throw refusal
}

function indicatorBodies(resource: Resource, isOn: boolean): readonly Resource[] {
  const old = isOn ? ['Blinking', 'Lit'] : ['Off']
  return [
    ...('LocationIndicatorActive' in resource ? [{ LocationIndicatorActive: isOn }] : []),
    ...(textAt(resource, 'IndicatorLED') !== null || 'IndicatorLED' in resource
      ? old.map((value) => ({ IndicatorLED: value }))
      : []),
  ]
}
