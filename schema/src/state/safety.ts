export const safetyModes = ['safe', 'power'] as const
/** `safe`: whatever destroys something is confirmed twice, the second time by click and hold. */
export type SafetyMode = (typeof safetyModes)[number]

/**
 * The operations that want a confirmation in safe mode, by `operationId`, and the fields of the request (path or
 * body) that a confirmation is bound to. To abort a deployment is not among them: it has to be quick.
 */
export const destructiveOperations = {
  createDeployment: ['machineId', 'imageId', 'disk'],
  deleteMachine: ['machineId'],
  powerMachine: ['machineId', 'operation'],
  revokeEdge: ['edgeId'],
  deleteSite: ['siteId'],
  deleteImage: ['imageId'],
} as const satisfies Record<string, readonly string[]>
export type DestructiveOperation = keyof typeof destructiveOperations

export const destructiveOperationNames = Object.keys(destructiveOperations) as [
  DestructiveOperation,
  ...DestructiveOperation[],
]

export function isDestructive(operation: string): operation is DestructiveOperation {
  return Object.hasOwn(destructiveOperations, operation)
}

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
