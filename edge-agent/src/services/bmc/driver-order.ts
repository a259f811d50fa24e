import type { BmcCapability, BmcDriverName } from '@dragonfly/schema/state'
import type { BmcDriver } from './driver.ts'

/**
 * IPMI tells these in a packet or two, where Redfish takes requests of seconds: they are asked for again and again. A
 * console is only IPMI's. For the rest Redfish says more, and more exactly.
 */
const byIpmiFirst: ReadonlySet<BmcCapability> = new Set(['power', 'sensors', 'powerDraw', 'console'])

/** Whether a driver comes before all others for a capability. */
export function isPreferred(driver: BmcDriverName, capability: BmcCapability): boolean {
  return driver === 'ipmi' && byIpmiFirst.has(capability)
}

/** The best first: what worked last time, then what is preferred, then as they are. */
export function orderDrivers(
  drivers: readonly BmcDriver[],
  capability: BmcCapability,
  workedLast: BmcDriverName | undefined,
): readonly BmcDriver[] {
  const rank = ({ name }: BmcDriver) => (name === workedLast ? 0 : isPreferred(name, capability) ? 1 : 2)
  return drivers.toSorted((a, b) => rank(a) - rank(b))
}
