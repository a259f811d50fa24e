import type { SessionView } from '@dragonfly/schema/api'
import { session } from '@dragonfly/schema/db'
import { and, desc, eq, gt } from 'drizzle-orm'
import type { Deps, Person } from '../../deps.ts'
import { notFound } from '../../errors.ts'
import { publishPerson } from './users.ts'

export async function listSessions(deps: Deps, person: Person): Promise<SessionView[]> {
  const rows = await deps.db
    .select()
    .from(session)
    .where(and(eq(session.userId, person.userId), gt(session.expiresAt, new Date(deps.clock()))))
    .orderBy(desc(session.updatedAt))
  return rows.map((row) => ({
    sessionId: row.id,
    current: row.id === person.sessionId,
    address: row.ipAddress || null,
    userAgent: row.userAgent,
    signedInAt: row.createdAt.getTime(),
    lastSeenAt: row.updatedAt.getTime(),
    expiresAt: row.expiresAt.getTime(),
  }))
}

export async function endSession(deps: Deps, userId: string, sessionId: string): Promise<void> {
  const ended = await deps.db
    .delete(session)
    .where(and(eq(session.id, sessionId), eq(session.userId, userId)))
    .returning({ id: session.id })
  if (ended.length === 0) throw notFound('session')
  publishPerson(deps, userId)
}

/** Signs a person out everywhere, here too. */
export async function endSessions(deps: Deps, userId: string): Promise<void> {
  await deps.db.delete(session).where(eq(session.userId, userId))
  publishPerson(deps, userId)
}
