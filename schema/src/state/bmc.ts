import type { Verdict } from './machine.ts'

/** How a BMC is spoken to. `wake-on-lan`: there is none, and its address is the MAC address to wake. */
export const bmcProtocols = ['auto', 'ipmi', 'redfish', 'wake-on-lan'] as const
export type BmcProtocol = (typeof bmcProtocols)[number]

/** What reaches a machine's power, the best first. The last one asks somebody to walk there. */
export const bmcDrivers = ['redfish', 'ipmi', 'wake-on-lan', 'person'] as const
export type BmcDriverName = (typeof bmcDrivers)[number]

export const bmcCapabilities = [
  'power',
  'bootDevice',
  'sensors',
  'powerDraw',
  'console',
  'virtualMedia',
  'inventory',
  'identify',
  'account',
  'eventLog',
] as const
export type BmcCapability = (typeof bmcCapabilities)[number]

/** Why one driver could not do something; `reason` is stable, `message` says what to do. */
export interface BmcAttempt {
  driver: BmcDriverName
  reason: string
  message: string
}

/** By what each capability works, or why it does not, driver by driver. */
export type BmcCapabilities = Partial<
  Record<BmcCapability, { driver: BmcDriverName } | { failures: BmcAttempt[] }>
>

/** What keeps a site from a BMC. */
export const bmcProblemKinds = [
  'lost',
  'password-refused',
  'password-change',
  'password-closed',
  'password-missing',
  'certificate',
  'other',
] as const
export type BmcProblemKind = (typeof bmcProblemKinds)[number]

export const bmcProblemTexts: Record<BmcProblemKind, { title: string; nextStep: string | null }> = {
  lost: { title: 'BMC lost', nextStep: null },
  'password-refused': { title: 'BMC refuses the password', nextStep: 'Enter the password again' },
  'password-change': { title: 'BMC wants a new password', nextStep: 'Enter the new password' },
  'password-closed': { title: 'BMC’s password can’t be read', nextStep: 'Enter the password again' },
  'password-missing': { title: 'BMC’s password is missing', nextStep: 'Enter the password' },
  certificate: { title: 'BMC shows another certificate', nextStep: null },
  other: { title: 'BMC can’t be used', nextStep: null },
}

/** The reasons of attempts, by what they come to; what a person mends soonest comes first. */
const problemReasons: [BmcProblemKind, readonly string[]][] = [
  ['password-refused', ['wrong-password', 'unknown-user', 'unauthorized']],
  ['password-change', ['password-change-required']],
  [
    'password-closed',
    [
      'bad-credentials',
      'no-key',
      'not-a-recipient',
      'altered',
      'other-site',
      'other-machine',
      'other-address',
    ],
  ],
  ['password-missing', ['no-credentials']],
  ['certificate', ['certificate-changed', 'other-tls-pin']],
]
const silences: readonly string[] = ['timeout', 'unreachable', 'not-redfish']

/** Another edge may be in another network; a password that is refused here is refused there, and locks the account. */
export function isBmcSilent(attempts: readonly Pick<BmcAttempt, 'reason'>[]): boolean {
  return attempts.length > 0 && attempts.every(({ reason }) => silences.includes(reason))
}

/** What it comes to that no driver could read a BMC’s power. An older edge names no attempts. */
export function judgeBmcProblem(attempts: readonly Pick<BmcAttempt, 'reason'>[]): BmcProblemKind {
  const has = (reasons: readonly string[]) => attempts.some(({ reason }) => reasons.includes(reason))
  const known = problemReasons.find(([, reasons]) => has(reasons))?.[0]
  return known ?? (attempts.length === 0 || isBmcSilent(attempts) ? 'lost' : 'other')
}

/** Of a sensor, or of an entry in an event log. */
export const healths = ['ok', 'warning', 'critical', 'unknown'] as const
export type Health = (typeof healths)[number]

export const powerStates = ['on', 'off', 'unknown'] as const
export type PowerState = (typeof powerStates)[number]

/** Wishes, not toggles: `on` of a machine that is on changes nothing. `shutdown` asks the operating system. */
export const powerOperations = ['on', 'shutdown', 'off', 'cycle', 'reset'] as const
export type PowerOperation = (typeof powerOperations)[number]
/** What interrupts whatever runs on the machine. */
export const interruptingOperations = ['shutdown', 'off', 'cycle', 'reset'] as const

export const powerOperationTexts: Record<PowerOperation, { title: string; doing: string }> = {
  on: { title: 'Power on', doing: 'Powering on' },
  shutdown: { title: 'Shut down', doing: 'Asking the operating system to shut down' },
  off: { title: 'Power off', doing: 'Cutting the power' },
  cycle: { title: 'Power cycle', doing: 'Cutting the power, and powering on again' },
  reset: { title: 'Reset', doing: 'Resetting' },
}

export const bootDevices = ['pxe', 'disk', 'cdrom', 'setup', 'none'] as const
export type BootDevice = (typeof bootDevices)[number]

/** What can be read of a BMC on request. */
export const bmcReadings = ['power', 'sensors', 'event-log', 'inventory'] as const
export type BmcReading = (typeof bmcReadings)[number]

export const commandStatuses = ['pending', 'done', 'failed'] as const
export type CommandStatus = (typeof commandStatuses)[number]

/** How long a command may wait for its site before it is given up: nobody expects a power cut next week. */
export const commandLifetimeMs = { power: 10 * 60_000, read: 2 * 60_000, reseal: 24 * 3600_000 }
/** A person who is asked to press a button may take this long. */
export const personWaitMs = 24 * 3600_000
/** An answer may be on its way for this long after the deadline. */
export const commandGraceMs = 30_000

/** Whether an operation makes sense in a power state; an unknown one rules nothing out. */
export function decidePower(operation: PowerOperation, state: PowerState): Verdict {
  if (state === 'off' && (operation === 'shutdown' || operation === 'reset' || operation === 'off'))
    return { allowed: false, reason: 'It is off already.' }
  if (state === 'on' && operation === 'on') return { allowed: false, reason: 'It is on already.' }
  return { allowed: true }
}

const hostPattern =
  /^([a-z0-9]([a-z0-9-]*[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$|^[0-9a-f:.]*:[0-9a-f:.]+$/

/**
 * A BMC's address as people type it, the way it is kept: in lower case, without a URL's scheme and path. Null when it is
 * none. Credentials are sealed for the kept form.
 */
export function parseBmcAddress(text: string): string | null {
  const host = text
    .trim()
    .toLowerCase()
    .replace(/^[a-z]+:\/\//, '')
    .replace(/\/.*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
  return hostPattern.test(host) && host.length <= 253 ? host : null
}
