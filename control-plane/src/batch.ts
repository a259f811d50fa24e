import type { BatchItem } from 'drizzle-orm/batch'
import type { Database } from './database.ts'

export type Statement = BatchItem<'sqlite'>

/** Runs statements in one transaction: all or none. */
export async function runBatch(db: Database, statements: readonly Statement[]): Promise<void> {
  const [first, ...rest] = statements
  if (first) await db.batch([first, ...rest])
}

/**
 * `runBatch` for statements that guard themselves with a constraint: false when one of them refused,
 * and then nothing was changed.
 */
export async function runGuardedBatch(db: Database, statements: readonly Statement[]): Promise<boolean> {
  try {
    await runBatch(db, statements)
    return true
  } catch (error) {
    if (isConstraint(error)) return false
    throw error
  }
}

/** Whether a statement was refused by a constraint of the database; drizzle wraps the driver's error. */
export function isConstraint(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string' && cause.code.startsWith('SQLITE_CONSTRAINT'))
      return true
  }
  return false
}
