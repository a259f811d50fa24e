import type { UserReset, UserView, userCreateSchema, userPatchSchema } from '@dragonfly/schema/api'
import { account, passkeys, session, sites, user, userSites } from '@dragonfly/schema/db'
import { and, count, eq, gt, inArray, isNull, max, ne, or, type SQL, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import type { z } from 'zod'
import { isConstraint, runGuardedBatch, type Statement } from '../../batch.ts'
import type { Database, Deps } from '../../deps.ts'
import { conflict, invalid, notFound } from '../../errors.ts'
import { createPerson, type NewPerson } from './create-person.ts'
import { dropFactors } from './drop-factors.ts'
import { createWayBack } from './way-back.ts'

const lastAdministrator = () =>
  conflict('last-administrator', 'This is the last active administrator: make somebody else one first.')

export async function listUsers(deps: Deps, userId?: string): Promise<UserView[]> {
  const now = new Date(deps.clock())
  const [rows, siteRows, sessions, passkeyRows] = await Promise.all([
    deps.db
      .select()
      .from(user)
      .where(userId ? eq(user.id, userId) : undefined)
      .orderBy(user.name, user.id),
    deps.db.select().from(userSites),
    deps.db
      .select({ userId: session.userId, sessions: count(), seenAt: max(session.updatedAt) })
      .from(session)
      .where(gt(session.expiresAt, now))
      .groupBy(session.userId),
    deps.db.selectDistinct({ userId: passkeys.userId }).from(passkeys),
  ])
  const withPasskey = new Set(passkeyRows.map((row) => row.userId))
  const sessionsOf = new Map(sessions.map((row) => [row.userId, row]))
  return rows.map((row) => ({
    userId: row.id,
    name: row.name,
    email: row.email,
    role: row.role,
    siteIds: row.siteLimited
      ? siteRows.filter((own) => own.userId === row.id).map(({ siteId }) => siteId)
      : null,
    active: row.deactivatedAt === null,
    mfaEnabled: row.twoFactorEnabled || withPasskey.has(row.id),
    sessionCount: sessionsOf.get(row.id)?.sessions ?? 0,
    lastSeenAt: sessionsOf.get(row.id)?.seenAt?.getTime() ?? null,
    createdAt: row.createdAt.getTime(),
  }))
}

export async function getUser(deps: Deps, userId: string): Promise<UserView> {
  const [found] = await listUsers(deps, userId)
  if (!found) throw notFound('person')
  return found
}

export async function createUser(deps: Deps, input: z.output<typeof userCreateSchema>): Promise<UserView> {
  await refuseTakenEmail(deps.db, input.email)
  await refuseUnknownSites(deps.db, input.siteIds ?? null)
  const userId = await createAccount(deps, input)
  return getUser(deps, userId)
}

/** `createPerson` that says which e-mail address is taken, and tells those who watch. */
export async function createAccount(
  deps: Deps,
  input: NewPerson,
  before: readonly Statement[] = [],
): Promise<string> {
  try {
    const { userId } = await createPerson(deps, input, before)
    publishPerson(deps, userId)
    return userId
  } catch (error) {
    if (isConstraint(error)) throw emailTaken(input.email)
    throw error
  }
}

export async function updateUser(
  deps: Deps,
  userId: string,
  patch: z.output<typeof userPatchSchema>,
): Promise<UserView> {
  const found = await getUser(deps, userId)
  await refuseUnknownSites(deps.db, patch.siteIds ?? null)
  const { name, role, active, siteIds } = patch
  const losesPower = active === false || (role !== undefined && role !== 'administrator')
  const nextRole = role === undefined ? sql`${user.role}` : sql`${role}`
  const done = await runGuardedBatch(deps.db, [
    deps.db
      .update(user)
      .set({
        name: name ?? found.name,
        // Null, and so refused, when nobody would be left: also when two do this at the same moment.
        role: losesPower ? sql`case when ${isDispensable} then ${nextRole} end` : nextRole,
        ...(active === undefined ? {} : { deactivatedAt: active ? null : new Date(deps.clock()) }),
        ...(siteIds === undefined ? {} : { siteLimited: siteIds !== null }),
        updatedAt: new Date(deps.clock()),
      })
      .where(eq(user.id, userId)),
    ...replaceSites(deps.db, userId, siteIds),
    ...(active === false ? [deps.db.delete(session).where(eq(session.userId, userId))] : []),
  ])
  if (!done) throw lastAdministrator()
  publishPerson(deps, userId)
  return getUser(deps, userId)
}

export async function deleteUser(deps: Deps, userId: string): Promise<void> {
  await getUser(deps, userId)
  const deleted = await deps.db
    .delete(user)
    .where(and(eq(user.id, userId), isDispensable))
    .returning({ userId: user.id })
  if (deleted.length === 0) throw lastAdministrator()
  publishPerson(deps, userId)
}

/**
 * For somebody who lost their second factor: they sign in by password or provider, and set up another one. Who has
 * neither gets a link, with which they make another way in.
 */
export async function resetMfa(deps: Deps, userId: string): Promise<UserReset> {
  await getUser(deps, userId)
  await dropFactors(deps.db, userId)
  const link = (await hasOtherWayIn(deps.db, userId)) ? null : await createWayBack(deps, userId)
  publishPerson(deps, userId)
  return { ...(await getUser(deps, userId)), link }
}

/** What somebody can sign in with, besides passkeys. */
export async function readWaysIn(db: Database, userId: string) {
  const [row] = await db
    .select({ totp: user.twoFactorEnabled, accountId: account.id })
    .from(user)
    .leftJoin(account, and(eq(account.userId, user.id), eq(account.providerId, 'credential')))
    .where(eq(user.id, userId))
  return { totp: row?.totp ?? false, password: (row?.accountId ?? null) !== null }
}

export async function hasSecondFactor(db: Database, userId: string): Promise<boolean> {
  const [row] = await db
    .select({ totp: user.twoFactorEnabled, passkeyId: passkeys.passkeyId })
    .from(user)
    .leftJoin(passkeys, eq(passkeys.userId, user.id))
    .where(eq(user.id, userId))
    .limit(1)
  return row !== undefined && (row.totp || row.passkeyId !== null)
}

/** Whether somebody can come in without a passkey: by a password, or by a sign-in provider. */
export async function hasOtherWayIn(db: Database, userId: string): Promise<boolean> {
  const [found] = await db.select({ id: account.id }).from(account).where(eq(account.userId, userId)).limit(1)
  return found !== undefined
}

export async function renamePerson(deps: Deps, userId: string, name: string): Promise<void> {
  await deps.db.update(user).set({ name }).where(eq(user.id, userId))
  publishPerson(deps, userId)
}

/** People who watch are told; sockets of this person are looked at again at once. */
export function publishPerson(deps: Pick<Deps, 'live'>, userId: string): void {
  deps.live.publish([{ type: 'changed', entity: 'person', id: userId }])
}

const other = alias(user, 'other')
/** A condition on `user`: not an active administrator, or not the only one. */
const isDispensable: SQL =
  or(
    ne(user.role, 'administrator'),
    sql`${user.deactivatedAt} is not null`,
    sql`exists (select 1 from ${user} as "other" where ${and(
      eq(other.role, 'administrator'),
      isNull(other.deactivatedAt),
      ne(other.id, user.id),
    )})`,
  ) ?? sql`false`

function replaceSites(
  db: Database,
  userId: string,
  siteIds: readonly string[] | null | undefined,
): Statement[] {
  if (siteIds === undefined) return []
  const rows = [...new Set(siteIds)].map((siteId) => ({ userId, siteId }))
  return [
    db.delete(userSites).where(eq(userSites.userId, userId)),
    ...(rows.length > 0 ? [db.insert(userSites).values(rows)] : []),
  ]
}

export async function refuseUnknownSites(db: Database, siteIds: readonly string[] | null): Promise<void> {
  if (!siteIds) return
  const known = await db
    .select({ siteId: sites.siteId })
    .from(sites)
    .where(inArray(sites.siteId, [...siteIds]))
  if (known.length < new Set(siteIds).size) {
    throw invalid([{ path: 'siteIds', message: 'One of these sites does not exist any more.' }])
  }
}

export async function refuseTakenEmail(db: Database, email: string): Promise<void> {
  const [taken] = await db.select({ id: user.id }).from(user).where(eq(user.email, email.toLowerCase()))
  if (taken) throw emailTaken(email)
}

const emailTaken = (email: string) =>
  conflict('email-taken', `${email} has an account already: change that one, or give another address.`)
