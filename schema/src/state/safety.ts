export const safetyModes = ['safe', 'power'] as const
/** `safe`: whatever destroys something is confirmed twice, the second time by click and hold. */
export type SafetyMode = (typeof safetyModes)[number]

/**
 * The operations that want a confirmation in safe mode, by `operationId`, and the fields of the request (path or
 * body) that a confirmation is bound to. To abort a deployment is not among them: it has to be quick.
 */
export const destructiveOperations = {
  createDeployment: ['machineId', 'imageId', 'disk'],
  deployMachines: ['machineIds', 'count', 'imageId', 'disk'],
  deleteMachine: ['machineId'],
  powerMachine: ['machineId', 'operation'],
  powerMachines: ['machineIds', 'count', 'operation'],
  deleteMachines: ['machineIds', 'count'],
  clearBmcLog: ['machineId'],
  // What a machine starts from next may be the disc: as grave as to reset it.
  insertBmcMedia: ['machineId', 'url'],
  revokeEdge: ['edgeId'],
  deleteSite: ['siteId'],
  deleteImage: ['imageId'],
  setSafetySwitch: ['siteId', 'control', 'position'],
  setMinimumSafety: ['minimum'],
  updateSite: ['siteId', 'minimumSafety'],
  updateFrontDoor: ['frontPage'],
} as const satisfies Record<string, readonly string[]>
export type DestructiveOperation = keyof typeof destructiveOperations

export const destructiveOperationNames = Object.keys(destructiveOperations) as [
  DestructiveOperation,
  ...DestructiveOperation[],
]

export function isDestructive(operation: string): operation is DestructiveOperation {
  return Object.hasOwn(destructiveOperations, operation)
}

/** Settings among them, and when they are dangerous: it is to let go of a guard. To raise one has to be quick. */
const loosens: Readonly<Record<string, (request: Readonly<Record<string, unknown>>) => boolean>> = {
  setSafetySwitch: ({ position }) => position !== 'off',
  setMinimumSafety: ({ minimum }) => minimum !== 'safe',
  updateSite: ({ minimumSafety }) => minimumSafety === 'power',
  updateFrontDoor: ({ frontPage }) => frontPage === 'open',
}

/** Whether this request wants a confirmation. */
export function isDangerous(operation: string, request: Readonly<Record<string, unknown>>): boolean {
  return loosens[operation]?.(request) ?? isDestructive(operation)
}

/** Whether an operation is confirmed for what it lets go of, not for what it destroys. */
export function isLoosening(operation: string): boolean {
  return Object.hasOwn(loosens, operation)
}

export const switchPositions = ['on', 'off'] as const
export type SwitchPosition = (typeof switchPositions)[number]

/** What an administrator can switch off for a site or for all, beyond safe mode. */
export const safetyControls = ['powerControl', 'reimage'] as const
export type SafetyControl = (typeof safetyControls)[number]
export type SafetySwitches = Record<SafetyControl, SwitchPosition>

/** Off at one place is off: for the organisation, or for the site. */
export function effectiveSwitches(...switches: readonly SafetySwitches[]): SafetySwitches {
  const position = (control: SafetyControl): SwitchPosition =>
    switches.some((each) => each[control] === 'off') ? 'off' : 'on'
  return { powerControl: position('powerControl'), reimage: position('reimage') }
}

/** Why nothing is done while it is off. */
export const switchedOffSentences: Record<SafetyControl, string> = {
  powerControl: 'Power control is switched off here: an administrator can switch it on again.',
  reimage: 'Reimaging is switched off here: an administrator can switch it on again.',
}

/** Above this many machines at once a person types how many they are. */
export const typedCountAbove = 3
/** Machines of one request. */
export const maxBulkMachines = 1000
/** Machines of a site that are deployed at the same time, unless the site says otherwise; the rest queue. */
export const defaultDeploymentsAtOnce = 10

/** Power mode returns to safe by itself. */
export const powerLifetimeMs = 30 * 60_000
/** A confirmation can't be used sooner: nobody holds a button for a shorter time. */
export const confirmationMinimumAgeMs = 1500
export const confirmationLifetimeMs = 2 * 60_000

/** The header in which a confirmation is sent with the operation. */
export const confirmationHeader = 'x-dragonfly-confirmation'

/** The mode that counts: a person's own, unless the site or the organisation asks for more. */
export function effectiveSafety(
  facts: { powerUntil: number | null; minimums: readonly SafetyMode[] },
  now: number,
): SafetyMode {
  if (facts.minimums.includes('safe')) return 'safe'
  return facts.powerUntil !== null && facts.powerUntil > now ? 'power' : 'safe'
}
