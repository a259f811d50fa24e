import type { AuditEntry } from '@dragonfly/schema/api'
import { auditLog } from '@dragonfly/schema/db'
import { desc } from 'drizzle-orm'
import { isConstraint } from '../../batch.ts'
import type { Database } from '../../database.ts'
import { emptyChain, hashEntry } from './chain.ts'

export type AuditRecord = Omit<AuditEntry, 'seq' | 'hash'>

/** The one way into the audit log. */
export interface AuditLog {
  append(record: AuditRecord): Promise<void>
}

/** Runs what is asked for, in that order. */
export type InOrder = <T>(work: () => Promise<T>) => Promise<T>

/** One after the other, where a request may wait for what another one does. */
export function createOrder(): InOrder {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }
}

/** Where a request must not wait for another one: that may have been ended half-way. */
export const atOnce: InOrder = (work) => work()

/** Others that append at the same moment: one of them succeeds each time. */
const maxTries = 60
const longestWaitMs = 250

export function createAuditLog(db: Database, inOrder: InOrder = atOnce): AuditLog {
  return { append: (record) => inOrder(() => appendEntry(db, record)) }
}

async function appendEntry(db: Database, record: AuditRecord): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const [end = emptyChain] = await db
      .select({ seq: auditLog.seq, hash: auditLog.hash })
      .from(auditLog)
      .orderBy(desc(auditLog.seq))
      .limit(1)
    const entry = { seq: end.seq + 1, ...record }
    try {
      await db.insert(auditLog).values({ ...entry, hash: await hashEntry(end.hash, entry) })
      return
    } catch (error) {
      if (!isConstraint(error) || attempt === maxTries) throw error
    }
    // Apart from each other: those who try again in step meet again.
    const longest = Math.min(longestWaitMs, 2 ** attempt)
    await new Promise((resolve) => setTimeout(resolve, Math.random() * longest))
  }
}
