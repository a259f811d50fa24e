import { type Resource, textAt } from './resource.ts'

export type PowerReading = 'on' | 'off' | 'unknown'
export type PowerWish = 'on' | 'off' | 'soft-off' | 'cycle' | 'reset' | 'diagnostic'

/** `unknown` while a BMC starts and does not know itself. */
export function parsePowerState(resource: Resource): PowerReading {
  switch (textAt(resource, 'PowerState')) {
    case 'On':
    case 'PoweringOn':
    case 'PoweringOff':
    case 'Paused':
      return 'on'
    case 'Off':
      return 'off'
    default:
      return 'unknown'
  }
}

/** A button press toggles: it is the last choice, and only for wishes that the other state excludes. */
const resetTypes: Record<PowerWish, readonly string[]> = {
  on: ['On', 'ForceOn', 'PushPowerButton'],
  off: ['ForceOff'],
  'soft-off': ['GracefulShutdown', 'PushPowerButton'],
  // A warm reset is no cycle: who wants one and can't have it switches off and on.
  cycle: ['PowerCycle'],
  reset: ['ForceRestart', 'PowerCycle'],
  diagnostic: ['Nmi'],
}

/** The ResetTypes that fulfil a wish, the best first; `allowed` null where the BMC does not say what it takes. */
export function chooseResetTypes(wish: PowerWish, allowed: readonly string[] | null): readonly string[] {
  const types = resetTypes[wish]
  return allowed === null ? types : types.filter((type) => allowed.includes(type))
}

/** Whether a machine is already what is wished for, so that a refusal to make it so is none. */
export function isFulfilled(wish: PowerWish, state: PowerReading): boolean {
  return wish === 'on' ? state === 'on' : (wish === 'off' || wish === 'soft-off') && state === 'off'
}
