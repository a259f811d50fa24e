import type { OperationGroup } from './role-rules.ts'
import { isDestructive } from './safety.ts'

/** Groups whose every change may hand power to somebody else, or take it from everybody. */
const groups: ReadonlySet<OperationGroup> = new Set(['people', 'settings', 'power', 'delete'])
/** What would let a stolen session outlive itself. */
const ownOperations: ReadonlySet<string> = new Set(['createApiKey', 'beginPasskey', 'deletePasskey'])

/** Whether an operation wants a second factor that was given recently, from those who have one. */
export function wantsStepUp(request: {
  operation: string
  group: OperationGroup
  isChange: boolean
}): boolean {
  if (!request.isChange) return false
  return isDestructive(request.operation) || groups.has(request.group) || ownOperations.has(request.operation)
}

/** Whether a second factor that was given at `verifiedAt` still counts; `minutes` null: always. */
export function isFactorFresh(verifiedAt: number | null, minutes: number | null, now: number): boolean {
  if (minutes === null) return true
  return verifiedAt !== null && now - verifiedAt < minutes * 60_000
}
