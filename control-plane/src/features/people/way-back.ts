import { account, ceremonies, passkeys, user } from '@dragonfly/schema/db'
import { and, eq, isNull, sql } from 'drizzle-orm'
import { runBatch } from '../../batch.ts'
import type { Deps } from '../../deps.ts'
import { createId, createToken } from '../../ids.ts'
import { beginCeremony, peekCeremony, takeCeremony } from './ceremonies.ts'
import type { NewPasskey } from './create-person.ts'

const prefix = 'dfr_'
const lifetimeMs = 24 * 60 * 60_000

export function isWayBack(token: string): boolean {
  return token.startsWith(prefix)
}

/**
 * A link for somebody who lost everything that they sign in with: it works once, for a day, and a newer one takes
 * its place. Whoever has it makes a passkey, or a password, for this account.
 */
export async function createWayBack(
  deps: Pick<Deps, 'db' | 'clock' | 'publicUrl'>,
  userId: string,
): Promise<string> {
  const token = createToken(prefix)
  await deps.db
    .delete(ceremonies)
    .where(
      and(eq(ceremonies.kind, 'way-back'), sql`json_extract(${ceremonies.facts}, '$.userId') = ${userId}`),
    )
  await beginCeremony(deps, 'way-back', token, { userId }, lifetimeMs)
  // Behind the #, which browsers keep to themselves: the secret reaches no log.
  return `${deps.publicUrl}/invitation#${token}`
}

/** Whose it is; null when it was used, replaced or is too old, or the account is not active. */
export async function findWayBack(deps: Deps, token: string) {
  return findActive(deps, await peekCeremony(deps, 'way-back', token))
}

/** Uses it up, and gives the account the way in that was made. Null like `findWayBack`. */
export async function takeWayBack(
  deps: Deps,
  token: string,
  made: { passkey?: NewPasskey | undefined; password?: string | undefined },
): Promise<{ userId: string } | null> {
  const found = await findActive(deps, await takeCeremony(deps, 'way-back', token))
  if (!found) return null
  const { userId } = found
  const now = deps.clock()
  const times = { createdAt: new Date(now), updatedAt: new Date(now) }
  const password = made.password === undefined ? null : await deps.auth.hashPassword(made.password)
  await runBatch(deps.db, [
    ...(made.passkey ? [deps.db.insert(passkeys).values({ ...made.passkey, userId })] : []),
    ...(password === null
      ? []
      : [
          deps.db
            .delete(account)
            .where(and(eq(account.userId, userId), eq(account.providerId, 'credential'))),
          deps.db.insert(account).values({
            id: createId(now),
            accountId: userId,
            providerId: 'credential',
            userId,
            password,
            ...times,
          }),
        ]),
  ])
  return { userId }
}

async function findActive(deps: Pick<Deps, 'db'>, begun: Record<string, string | null> | null) {
  if (!begun?.userId) return null
  const [row] = await deps.db
    .select({ userId: user.id, name: user.name, email: user.email, role: user.role })
    .from(user)
    .where(and(eq(user.id, begun.userId), isNull(user.deactivatedAt)))
  return row ?? null
}
