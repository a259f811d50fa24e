import type { PowerOperation } from '@dragonfly/schema/state'

/** What a person at the machine is asked to do, when nothing else reaches its power. */
export function askPerson(name: string, operation: PowerOperation): string {
  return `${name}: ${requests[operation]}`
}

const requests: Record<PowerOperation, string> = {
  on: 'press its power button.',
  shutdown: 'press its power button once, briefly, and wait until it is off.',
  off: 'hold its power button down for five seconds, until it is off.',
  cycle: 'hold its power button down for five seconds; when it is off, press it again.',
  reset: 'press its reset button, or hold the power button for five seconds and press it again.',
}

/** The same for a deployment: the machine has to ask the network for a boot file. */
export const netbootRequest =
  'switch it on, or restart it, and choose network boot (often F12) if its firmware does not do so first.'
