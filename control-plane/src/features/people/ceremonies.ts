import { ceremonies } from '@dragonfly/schema/db'
import { and, eq, gt, lt } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { sha256Hex } from '../../ids.ts'

export type CeremonyKind =
  | 'passkey-registration'
  | 'passkey-setup'
  | 'passkey-invitation'
  | 'passkey-sign-in'
  | 'passkey-step-up'
  | 'way-back'
  | 'recovery-code'
  | 'oidc'

const usualLifetimeMs = 5 * 60_000

/** Remembers what was begun, until the answer brings `secret` back. Only its hash is kept. */
export async function beginCeremony(
  deps: Pick<Deps, 'db' | 'clock'>,
  kind: CeremonyKind,
  secret: string,
  facts: Record<string, string | null>,
  lifetimeMs = usualLifetimeMs,
): Promise<void> {
  const now = deps.clock()
  await deps.db.batch([
    deps.db.delete(ceremonies).where(lt(ceremonies.expiresAt, now)),
    deps.db
      .insert(ceremonies)
      .values({ ceremonyHash: await sha256Hex(secret), kind, facts, expiresAt: now + lifetimeMs }),
  ])
}

const isOpen = async (deps: Pick<Deps, 'clock'>, kind: CeremonyKind, secret: string) =>
  and(
    eq(ceremonies.ceremonyHash, await sha256Hex(secret)),
    eq(ceremonies.kind, kind),
    gt(ceremonies.expiresAt, deps.clock()),
  )

/** What was remembered, without using it up. Null like `takeCeremony`. */
export async function peekCeremony(
  deps: Pick<Deps, 'db' | 'clock'>,
  kind: CeremonyKind,
  secret: string,
): Promise<Record<string, string | null> | null> {
  const [found] = await deps.db
    .select({ facts: ceremonies.facts })
    .from(ceremonies)
    .where(await isOpen(deps, kind, secret))
  return found ? (found.facts as Record<string, string | null>) : null
}

/** What was remembered; null when nothing of this kind was begun, it is too old, or it was taken already. */
export async function takeCeremony(
  deps: Pick<Deps, 'db' | 'clock'>,
  kind: CeremonyKind,
  secret: string,
): Promise<Record<string, string | null> | null> {
  const [taken] = await deps.db
    .delete(ceremonies)
    .where(await isOpen(deps, kind, secret))
    .returning({ facts: ceremonies.facts })
  return taken ? (taken.facts as Record<string, string | null>) : null
}
