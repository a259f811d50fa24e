import type { AuditEntry, AuditFilter, AuditVerdict } from '@dragonfly/schema/api'
import { auditLog } from '@dragonfly/schema/db'
import { and, asc, desc, eq, gt, gte, type like, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../../database.ts'
import { type ChainEnd, emptyChain, followChain } from './chain.ts'

const defaultLimit = 100
const pageEntries = 1000

export async function listAudit(
  db: Database,
  query: AuditFilter & { before?: number | undefined; limit?: number | undefined },
): Promise<{ items: AuditEntry[]; next: number | null }> {
  const limit = query.limit ?? defaultLimit
  const before = query.before === undefined ? undefined : lt(auditLog.seq, query.before)
  const items = await db
    .select()
    .from(auditLog)
    .where(and(matches(query), before))
    .orderBy(desc(auditLog.seq))
    .limit(limit)
  return { items, next: items.length === limit ? (items.at(-1)?.seq ?? null) : null }
}

/** Everything that matches as JSON lines, oldest first, a page at a time. */
export function exportAudit(db: Database, filter: AuditFilter): ReadableStream<Uint8Array> {
  const pages = readPages(db, matches(filter))
  const encoder = new TextEncoder()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pages.next()
      if (done) controller.close()
      else controller.enqueue(encoder.encode(value.map((entry) => `${JSON.stringify(entry)}\n`).join('')))
    },
  })
}

/** Follows the whole chain. */
export async function verifyAudit(db: Database): Promise<AuditVerdict> {
  let end: ChainEnd = emptyChain
  for await (const entries of readPages(db, undefined)) {
    const followed = await followChain(end, entries)
    end = followed.end
    if (followed.brokenAt !== null)
      return { intact: false, entries: end.seq, brokenAt: followed.brokenAt, head: null }
  }
  return { intact: true, entries: end.seq, brokenAt: null, head: end.seq === 0 ? null : end.hash }
}

async function* readPages(db: Database, where: SQL | undefined): AsyncGenerator<AuditEntry[], void> {
  let seq = 0
  for (;;) {
    const entries = await db
      .select()
      .from(auditLog)
      .where(and(where, gt(auditLog.seq, seq)))
      .orderBy(asc(auditLog.seq))
      .limit(pageEntries)
    const last = entries.at(-1)
    if (!last) return
    yield entries
    seq = last.seq
  }
}

function matches(filter: AuditFilter): SQL | undefined {
  const { machineId, actor, operation, subject, outcome, from, to } = filter
  return and(
    machineId ? eq(auditLog.machineId, machineId) : undefined,
    actor ? or(eq(auditLog.actorId, actor), contains(auditLog.actorName, actor)) : undefined,
    operation ? contains(auditLog.operation, operation.replaceAll(/\s/g, '')) : undefined,
    subject ? contains(auditLog.subject, subject) : undefined,
    outcome ? eq(auditLog.outcome, outcome) : undefined,
    from === undefined ? undefined : gte(auditLog.at, from),
    to === undefined ? undefined : lt(auditLog.at, to),
  )
}

/** LIKE without its wildcards. */
function contains(column: Parameters<typeof like>[0], part: string): SQL {
  return sql`${column} like ${`%${part.replaceAll(/[\\%_]/g, '\\$&')}%`} escape '\\'`
}
