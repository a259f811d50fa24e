import type { OperationGroup } from './role-rules.ts'
import { isDangerous } from './safety.ts'

/** Groups whose every change may hand power to somebody else, or take it from everybody. */
const groups: ReadonlySet<OperationGroup> = new Set(['people', 'settings', 'power', 'delete'])
/** What would let a stolen session outlive itself. */
const ownOperations: ReadonlySet<string> = new Set([
  'createApiKey',
  'beginPasskey',
  'deletePasskey',
  'createRecoveryCodes',
])

/**
 * Whether a change wants a second factor that was given recently, from those who have one. `fields` are those of
 * the request's path and body.
 */
export function wantsStepUp(change: {
  operation: string
  group: OperationGroup
  fields: Readonly<Record<string, unknown>>
}): boolean {
  const { operation, group, fields } = change
  // To switch something off has to be quick.
  if (operation === 'setSafetySwitch') return isDangerous(operation, fields)
  return isDangerous(operation, fields) || groups.has(group) || ownOperations.has(operation)
}

/** Whether a second factor that was given at `verifiedAt` still counts; `minutes` null: always. */
export function isFactorFresh(verifiedAt: number | null, minutes: number | null, now: number): boolean {
  if (minutes === null) return true
  return verifiedAt !== null && now - verifiedAt < minutes * 60_000
}
