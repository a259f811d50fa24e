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

/** Another process that appends to the same database is waited for this often. */
const maxTries = 20

export function createAuditLog(db: Database): AuditLog {
  let last: Promise<void> = Promise.resolve()
  return {
    append(record) {
      const appended = last.then(() => appendEntry(db, record))
      last = appended.catch(() => {})
      return appended
    },
  }
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
  }
}
