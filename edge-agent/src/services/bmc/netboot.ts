import type { BmcDriverName } from '@dragonfly/schema/state'
import { BmcAttemptError, type BmcSession, type BmcTarget } from './driver.ts'
import { netbootRequest } from './person.ts'
import { type PowerPorts, switchPower } from './power.ts'
import type { BmcReach } from './reach.ts'

export interface NetbootPorts extends PowerPorts {
  reach: BmcReach
}

export interface NetbootResult {
  /** The machine's power was seen to come on, by something that can see it. */
  isPoweredOn: boolean
  /** What was done, for the deployment's timeline. */
  note: string
  /** What a person at the machine is asked to do: nothing else reached its power, or nothing shows that it did. */
  waitingFor?: string
}

/**
 * Brings a machine to ask the network for a boot file, whether it is off, hung or running: by its BMC, else by a
 * wake-up packet and a person.
 */
export async function netbootMachine(
  ports: NetbootPorts,
  target: BmcTarget,
  uefi: boolean | null,
): Promise<NetbootResult> {
  const failures: string[] = []
  try {
    const { value, driver, attempts } = await ports.reach.use(target, 'bootDevice', (session) =>
      bootFromNetwork(session, uefi, ports),
    )
    const earlier = attempts.map(({ message }) => `${message} `).join('')
    return { isPoweredOn: true, note: `${earlier}${titles[driver]}: ${value}` }
  } catch (error) {
    if (!(error instanceof BmcAttemptError)) throw error
    // That the others can't set a boot device is no news.
    failures.push(
      ...error.attempts.flatMap(({ reason, message }) => (reason === 'not-supported' ? [] : [message])),
    )
  }
  return fallBack(ports, target, failures)
}

const titles: Record<BmcDriverName, string> = {
  redfish: 'By its BMC (Redfish)',
  ipmi: 'By its BMC (IPMI)',
  'wake-on-lan': 'By Wake-on-LAN',
  person: 'By a person',
}

/**
 * Network boot for the next start only, set while the machine is off: some firmware looks at it only when the power
 * comes on, and some forgets it on a reset.
 */
async function bootFromNetwork(
  { power, setBootDevice }: BmcSession,
  uefi: boolean | null,
  ports: PowerPorts,
): Promise<string> {
  if (!power || !setBootDevice) throw new Error('a driver that sets boot devices switches the power, too')
  const before = await power.read()
  if (before === 'on') await switchPower(power, 'off', ports)
  await setBootDevice({ device: 'pxe', persistent: false, uefi })
  await switchPower(power, 'on', ports)
  const was = before === 'on' ? 'it was on, and was switched off' : 'it was off'
  return `${was}; network boot is set for its next start${uefi ? ' (UEFI)' : ''}; it was switched on.`
}

async function fallBack(
  ports: NetbootPorts,
  target: BmcTarget,
  failures: readonly string[],
): Promise<NetbootResult> {
  const asked = `${target.name} waits for a person: ${netbootRequest}`
  const said = failures.length > 0 ? `${failures.join(' ')} ` : ''
  try {
    const { driver } = await ports.reach.use(target, 'power', async ({ power }) => {
      if (power) await switchPower(power, 'on', ports)
    })
    const sent = driver === 'wake-on-lan' ? 'A wake-up packet was sent.' : 'It was switched on.'
    return {
      isPoweredOn: false,
      note: `${said}${sent} If it is running already: ${asked}`,
      waitingFor: netbootRequest,
    }
  } catch (error) {
    if (!(error instanceof BmcAttemptError)) throw error
    return { isPoweredOn: false, note: `${said}${asked}`, waitingFor: netbootRequest }
  }
}
