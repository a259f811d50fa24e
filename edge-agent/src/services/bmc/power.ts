import type { PowerOperation, PowerState } from '@dragonfly/schema/state'
import { BmcError, type BmcSession } from './driver.ts'

type Power = NonNullable<BmcSession['power']>

export interface PowerPorts {
  now: () => number
  sleep: (ms: number) => Promise<void>
}

export interface PowerResult {
  powerState: PowerState
  /** What was done, for people. */
  message: string
}

const pollEveryMs = 1000
/** Hosts take some seconds to show that their power changed. */
const switchMs = 30_000
/** An operating system stops its services first. */
const shutdownMs = 90_000
/** A cycle keeps the power off for a moment, which a poll may or may not see. */
const cycleSettleMs = 3000

/** Brings a machine into the state that is wished for, and looks whether it came to be. */
export async function switchPower(
  power: Power,
  operation: PowerOperation,
  ports: PowerPorts,
): Promise<PowerResult> {
  const before = await power.read()
  switch (operation) {
    case 'on':
      if (before === 'on') return { powerState: 'on', message: 'It was on already.' }
      return switchTo(power, 'on', ports, 'It is on.')
    case 'off':
      if (before === 'off') return { powerState: 'off', message: 'It was off already.' }
      return switchTo(power, 'off', ports, 'It is off.')
    case 'shutdown':
      return before === 'off' ? { powerState: 'off', message: 'It was off already.' } : shutDown(power, ports)
    case 'cycle':
      // Many BMCs refuse to cycle what is off.
      if (before === 'off') return switchTo(power, 'on', ports, 'It was off, and is on now.')
      return cycle(power, ports)
    case 'reset':
      if (before === 'off') throw new BmcError('powered-off', 'It is off: power it on instead.')
      await power.set('reset')
      return verify(power, 'on', ports, 'It was reset.')
  }
}

async function switchTo(
  power: Power,
  wish: 'on' | 'off',
  ports: PowerPorts,
  message: string,
): Promise<PowerResult> {
  await power.set(wish)
  return verify(power, wish, ports, message)
}

async function verify(
  power: Power,
  wanted: 'on' | 'off',
  ports: PowerPorts,
  message: string,
): Promise<PowerResult> {
  const powerState = await waitFor(power, wanted, switchMs, ports)
  // This way can't see it: whoever asked is told so.
  if (powerState === 'unknown')
    return { powerState, message: 'It was asked for; whether it came to be can’t be seen.' }
  if (powerState === wanted) return { powerState, message }
  throw new BmcError(
    'not-switched',
    `The BMC took the request, and the machine is still ${powerState} after ${switchMs / 1000} s.`,
  )
}

async function shutDown(power: Power, ports: PowerPorts): Promise<PowerResult> {
  await power.set('soft-off')
  const powerState = await waitFor(power, 'off', shutdownMs, ports)
  if (powerState === 'off') return { powerState, message: 'It has shut down.' }
  const message = `Its operating system was asked to shut down, and has not yet after ${shutdownMs / 1000} s. Power it off if it hangs.`
  return { powerState, message }
}

async function cycle(power: Power, ports: PowerPorts): Promise<PowerResult> {
  try {
    await power.set('cycle')
  } catch (error) {
    if (!(error instanceof BmcError)) throw error
    await switchTo(power, 'off', ports, '')
    return switchTo(power, 'on', ports, 'It was switched off and on again.')
  }
  await ports.sleep(cycleSettleMs)
  const powerState = await waitFor(power, 'on', switchMs, ports)
  if (powerState !== 'off') return verify(power, 'on', ports, 'Its power was cycled.')
  return switchTo(power, 'on', ports, 'Its power was cycled.')
}

/** The state as soon as it is the wanted one (or can't be seen), else the last one seen when the time is over. */
async function waitFor(
  power: Power,
  wanted: 'on' | 'off',
  patienceMs: number,
  { now, sleep }: PowerPorts,
): Promise<PowerState> {
  const deadline = now() + patienceMs
  for (;;) {
    const state = await power.read()
    if (state === wanted || state === 'unknown' || now() >= deadline) return state
    await sleep(pollEveryMs)
  }
}
