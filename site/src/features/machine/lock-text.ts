import type { Machine } from '../../api/views.ts'
import { formatDate } from '../../format/time.ts'

export type LockFacts = Pick<Machine, 'lockedBy' | 'lockedAt' | 'lockReason' | 'lockConfirmed'>

/** Who locked a machine, when and why, for the padlock. */
export function renderLock(lock: LockFacts, nowMs: number): string {
  const when = lock.lockedAt === null ? '' : `, ${formatDate(lock.lockedAt, nowMs)}`
  const why = lock.lockReason ? `: ${lock.lockReason}` : ''
  const heard = lock.lockConfirmed ? '' : ' (not yet confirmed by the site)'
  return `Locked by ${lock.lockedBy ?? 'somebody'}${when}${why}${heard}`
}
