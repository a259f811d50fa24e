import { account, passkeys, user, userSites } from '@dragonfly/schema/db'
import type { Role } from '@dragonfly/schema/state'
import { runBatch, type Statement } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import { createId } from '../../ids.ts'

/** The public half of a passkey that has just been made. */
export type NewPasskey = Omit<typeof passkeys.$inferInsert, 'userId'>

export interface NewPerson {
  /** Given where a passkey was made for it already. */
  userId?: string | undefined
  name: string
  email: string
  role: Role
  /** Null, or left out: all sites. */
  siteIds?: readonly string[] | null | undefined
  password?: string | undefined
  /** Instead of a password: what this server's own hasher made of one. */
  passwordHash?: string | undefined
  passkey?: NewPasskey | undefined
  /** Who they are at a sign-in provider. */
  link?: { providerId: string; accountId: string } | undefined
}

/**
 * Makes a person with their way in and their limits, in one transaction: nobody is left who can't sign in.
 * `before` are statements of the same transaction. Throws the database's error when a constraint refuses.
 */
export async function createPerson(
  deps: Pick<Deps, 'db' | 'auth' | 'clock'>,
  input: NewPerson,
  before: readonly Statement[] = [],
): Promise<{ userId: string; email: string }> {
  const { db, clock } = deps
  const now = clock()
  const userId = input.userId ?? createId(now)
  const email = input.email.toLowerCase()
  const times = { createdAt: new Date(now), updatedAt: new Date(now) }
  const siteIds = input.siteIds ?? null
  const statements: Statement[] = [
    ...before,
    db.insert(user).values({
      id: userId,
      name: input.name,
      email,
      emailVerified: true,
      role: input.role,
      siteLimited: siteIds !== null,
      ...times,
    }),
  ]
  if (input.password !== undefined || input.passwordHash !== undefined) {
    const password = input.passwordHash ?? (await deps.auth.hashPassword(input.password ?? ''))
    statements.push(
      db.insert(account).values({
        id: createId(now),
        accountId: userId,
        providerId: 'credential',
        userId,
        password,
        ...times,
      }),
    )
  }
  if (input.link) {
    statements.push(db.insert(account).values({ id: createId(now), ...input.link, userId, ...times }))
  }
  if (input.passkey) statements.push(db.insert(passkeys).values({ ...input.passkey, userId }))
  const rows = [...new Set(siteIds ?? [])].map((siteId) => ({ userId, siteId }))
  if (rows.length > 0) statements.push(db.insert(userSites).values(rows))
  await runBatch(db, statements)
  return { userId, email }
}
