import { account, ceremonies, user } from '@dragonfly/schema/db'
import { and, eq, sql } from 'drizzle-orm'
import type { Deps, Person } from '../../deps.ts'
import { conflict } from '../../errors.ts'
import { createCode } from '../../ids.ts'
import { beginCeremony, peekCeremony, takeCeremony } from '../people/ceremonies.ts'

const kind = 'recovery-code'
const codesAtOnce = 10
/** Four groups of four of thirty letters: 78 bits, which nobody guesses. */
const groups = 4
const lifetimeMs = 100 * 365 * 24 * 60 * 60_000

/** Codes for the day on which every passkey is lost; older ones work no more. */
export async function createRecoveryCodes(deps: Deps, person: Person): Promise<string[]> {
  if (!person.mfaEnabled) throw conflict('no-passkey', 'Make a passkey first: these codes stand in for it.')
  await deleteRecoveryCodes(deps, person.userId)
  const codes = Array.from({ length: codesAtOnce }, () => createCode(groups))
  for (const code of codes) {
    await beginCeremony(deps, kind, normalise(code), { userId: person.userId }, lifetimeMs)
  }
  return codes
}

export async function deleteRecoveryCodes(deps: Pick<Deps, 'db'>, userId: string): Promise<void> {
  await deps.db
    .delete(ceremonies)
    .where(and(eq(ceremonies.kind, kind), sql`json_extract(${ceremonies.facts}, '$.userId') = ${userId}`))
}

/**
 * Who signs in by a code, which is used up; the password is wanted, too, from those who have one. Null when something
 * is not right: what, and whether there is such an account, is nobody's business, nor to be told from the time.
 */
export async function takeRecoveryCode(
  deps: Deps,
  input: { email: string; code: string; password?: string | undefined },
): Promise<string | null> {
  const [found] = await deps.db
    .select({ userId: user.id, accountId: account.id })
    .from(user)
    .leftJoin(account, and(eq(account.userId, user.id), eq(account.providerId, 'credential')))
    .where(eq(user.email, input.email.toLowerCase()))
  const password = input.password ?? ''
  const isRight = found?.accountId
    ? await deps.auth.verifyPassword(found.userId, password)
    : await deps.auth.hashPassword(password).then(() => true)
  const code = normalise(input.code)
  const begun = await peekCeremony(deps, kind, code)
  if (!found || !isRight || begun?.userId !== found.userId) return null
  return (await takeCeremony(deps, kind, code))?.userId ?? null
}

const normalise = (code: string): string => code.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
