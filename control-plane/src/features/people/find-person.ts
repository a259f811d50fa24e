import { passkeys, user, userSites } from '@dragonfly/schema/db'
import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Database, Deps, Person } from '../../deps.ts'
import { findApiKey, readApiKey } from '../api-keys/service.ts'

/** Whose request this is: by API key if it carries one, else by session cookie. Null for strangers. */
export async function findPerson(deps: Deps, headers: Headers): Promise<Person | null> {
  const key = readApiKey(headers)
  if (key !== null) {
    const found = await findApiKey(deps, key)
    return (
      found &&
      readActivePerson(deps.db, found.userId, {
        sessionId: null,
        mfaVerifiedAt: null,
        scopes: found.scopes,
      })
    )
  }
  const session = await deps.auth.session(headers)
  if (!session) return null
  const { userId, sessionId, mfaVerifiedAt } = session
  return readActivePerson(deps.db, userId, { sessionId, mfaVerifiedAt, scopes: null })
}

/** Null when there is no such person, or they were deactivated. */
async function readActivePerson(
  db: Database,
  userId: string,
  by: Pick<Person, 'sessionId' | 'mfaVerifiedAt' | 'scopes'>,
): Promise<Person | null> {
  const hasPasskey = sql<number>`exists (select 1 from ${passkeys} where ${passkeys.userId} = ${user.id})`
  const [found] = await db
    .select({ row: user, hasPasskey })
    .from(user)
    .where(and(eq(user.id, userId), isNull(user.deactivatedAt)))
  if (!found) return null
  const { row } = found
  return {
    userId,
    name: row.name,
    email: row.email,
    role: row.role,
    siteIds: await readSiteIds(db, row),
    mfaEnabled: row.twoFactorEnabled || Boolean(found.hasPasskey),
    ...by,
  }
}

/** An administrator is never limited to sites. */
async function readSiteIds(db: Database, row: typeof user.$inferSelect): Promise<string[] | null> {
  if (!row.siteLimited || row.role === 'administrator') return null
  const rows = await db
    .select({ siteId: userSites.siteId })
    .from(userSites)
    .where(eq(userSites.userId, row.id))
  return rows.map(({ siteId }) => siteId)
}
