import type { NewPasskeyJson, PasskeyProof, PasskeyView } from '@dragonfly/schema/api'
import { passkeys } from '@dragonfly/schema/db'
import { and, desc, eq } from 'drizzle-orm'
import type { Deps, Person } from '../../deps.ts'
import { AppError, conflict, invalid, notFound } from '../../errors.ts'
import { createId } from '../../ids.ts'
import { tooManyTries } from '../../tries.ts'
import { beginCeremony, type CeremonyKind, takeCeremony } from '../people/ceremonies.ts'
import type { NewPasskey } from '../people/create-person.ts'
import { isMfaRequired } from '../people/mfa-policy.ts'
import { hasOtherWayIn, publishPerson, readWaysIn } from '../people/users.ts'
import { deleteRecoveryCodes } from './recovery-codes.ts'
import {
  findRelyingParty,
  type RelyingParty,
  readChallenge,
  renderCreation,
  renderOptions,
  renderRequest,
  verifyCreation,
  verifyProof,
} from './webauthn.ts'

const maxPasskeysPerPerson = 20
/** Somebody without a password shows by a recent sign-in that it is them. */
const recentSignInMs = 15 * 60_000

export async function listPasskeys(deps: Pick<Deps, 'db'>, userId: string): Promise<PasskeyView[]> {
  return (await readPasskeys(deps, userId)).map(renderPasskey)
}

/** Begins to make a passkey for somebody who is signed in. */
export async function beginOwnPasskey(
  deps: Deps,
  person: Person,
  by: { password?: string | undefined; startedAt: number },
) {
  const existing = await readPasskeys(deps, person.userId)
  if (existing.length >= maxPasskeysPerPerson) {
    throw conflict('too-many-passkeys', `You have ${maxPasskeysPerPerson} passkeys: remove one first.`)
  }
  // With a second factor, a fresh one was asked for on the way here.
  if (!person.mfaEnabled) await requirePossession(deps, person, by)
  return beginCreation(deps, 'passkey-registration', person, existing, { sessionId: person.sessionId })
}

async function requirePossession(
  deps: Deps,
  { userId }: Person,
  { password, startedAt }: { password?: string | undefined; startedAt: number },
): Promise<void> {
  const ways = await readWaysIn(deps.db, userId)
  if (!ways.password) {
    if (deps.clock() - startedAt <= recentSignInMs) return
    throw new AppError({
      code: 'sign-in-again',
      status: 403,
      message: 'Your sign-in is some time ago: sign out and in again, then make the passkey.',
    })
  }
  if (password === undefined) throw invalid([{ path: 'password', message: 'Your password is wanted.' }])
  if (!(await deps.tries.take({ key: `password of ${userId}`, most: 10, windowMs: 5 * 60_000 }))) {
    throw tooManyTries('Too many tries with this password: wait five minutes, then try again.')
  }
  if (!(await deps.auth.verifyPassword(userId, password))) {
    throw new AppError({
      code: 'wrong-password',
      status: 403,
      message: 'That is not your password: type the one that you sign in with.',
    })
  }
}

/** Begins to make a passkey for an account that is to be made with it. */
export async function beginCreation(
  deps: Deps,
  kind: CeremonyKind,
  person: { userId: string; name: string; email: string },
  existing: Awaited<ReturnType<typeof readPasskeys>>,
  facts: Record<string, string | null>,
) {
  const options = await renderCreation(requireParty(deps), person, existing)
  await beginCeremony(deps, kind, options.challenge, { userId: person.userId, ...facts })
  return renderOptions(options)
}

/** Ends what `beginCreation` began: the passkey's public half, and for whom it is. */
export async function endCreation(
  deps: Deps,
  kind: CeremonyKind,
  name: string,
  response: NewPasskeyJson,
  facts: Record<string, string | null>,
): Promise<{ userId: string; passkey: NewPasskey }> {
  const challenge = readChallenge(response.response.clientDataJSON)
  const begun = challenge === null ? null : await takeCeremony(deps, kind, challenge)
  const isSame = begun && Object.entries(facts).every(([key, value]) => begun[key] === value)
  const made =
    challenge !== null && isSame ? await verifyCreation(requireParty(deps), response, challenge) : null
  if (!made || !begun?.userId) {
    throw invalid([{ path: 'passkey', message: 'This passkey could not be verified: make it once more.' }])
  }
  const now = deps.clock()
  return {
    userId: begun.userId,
    passkey: { passkeyId: createId(now), ...made, name, createdAt: now, lastUsedAt: null },
  }
}

export async function createOwnPasskey(
  deps: Deps,
  person: Person,
  input: { name: string; passkey: NewPasskeyJson },
): Promise<PasskeyView> {
  const { userId, sessionId } = person
  const { passkey } = await endCreation(deps, 'passkey-registration', input.name, input.passkey, {
    userId,
    sessionId,
  })
  const row = { ...passkey, userId, lastUsedAt: null }
  const added = await deps.db.insert(passkeys).values(row).onConflictDoNothing().returning()
  if (added.length === 0) throw conflict('passkey-exists', 'This passkey is registered already.')
  // Its owner was verified this very moment.
  if (sessionId) await deps.auth.noteSecondFactor(sessionId, deps.clock())
  publishPerson(deps, userId)
  return renderPasskey(row)
}

export async function renamePasskey(
  deps: Deps,
  userId: string,
  passkeyId: string,
  name: string,
): Promise<PasskeyView> {
  const [row] = await deps.db
    .update(passkeys)
    .set({ name })
    .where(and(eq(passkeys.passkeyId, passkeyId), eq(passkeys.userId, userId)))
    .returning()
  if (!row) throw notFound('passkey')
  return renderPasskey(row)
}

export async function deletePasskey(deps: Deps, person: Person, passkeyId: string): Promise<void> {
  const { userId } = person
  const own = await readPasskeys(deps, userId)
  if (!own.some((row) => row.passkeyId === passkeyId)) throw notFound('passkey')
  if (own.length === 1) await refuseToStrand(deps, person)
  await deps.db.delete(passkeys).where(and(eq(passkeys.passkeyId, passkeyId), eq(passkeys.userId, userId)))
  if (own.length === 1) await deleteRecoveryCodes(deps, userId)
  publishPerson(deps, userId)
}

async function refuseToStrand(deps: Deps, person: Person): Promise<void> {
  if (!(await hasOtherWayIn(deps.db, person.userId))) {
    throw conflict('last-way-in', 'You have no password: without this passkey you could not sign in again.')
  }
  const { totp } = await readWaysIn(deps.db, person.userId)
  if (!totp && (await isMfaRequired(deps.db, person))) {
    throw conflict('last-factor', 'A second factor is required here, and this passkey is your only one.')
  }
}

/** The same for everybody: which passkeys there are is nobody's business. */
export async function beginPasskeySignIn(deps: Deps) {
  const options = await renderRequest(requireParty(deps), [])
  await beginCeremony(deps, 'passkey-sign-in', options.challenge, {})
  return renderOptions(options)
}

/** Whose passkey it is; null when it is nobody's, or the proof is not good. */
export async function endPasskeySignIn(deps: Deps, proof: PasskeyProof): Promise<string | null> {
  const challenge = readChallenge(proof.response.clientDataJSON)
  const begun = challenge === null ? null : await takeCeremony(deps, 'passkey-sign-in', challenge)
  return challenge !== null && begun ? usePasskey(deps, proof, challenge) : null
}

export async function beginStepUp(deps: Deps, person: Person) {
  const own = await readPasskeys(deps, person.userId)
  if (own.length === 0) throw notFound('passkey')
  const options = await renderRequest(requireParty(deps), own)
  const { userId, sessionId } = person
  await beginCeremony(deps, 'passkey-step-up', options.challenge, { userId, sessionId })
  return renderOptions(options)
}

export async function endStepUp(deps: Deps, person: Person, proof: PasskeyProof): Promise<void> {
  const challenge = readChallenge(proof.response.clientDataJSON)
  const begun = challenge === null ? null : await takeCeremony(deps, 'passkey-step-up', challenge)
  const isOwn = begun?.userId === person.userId && begun.sessionId === person.sessionId
  const userId = challenge !== null && isOwn ? await usePasskey(deps, proof, challenge) : null
  if (userId === null || userId !== person.userId || !person.sessionId) throw unknownPasskey()
  await deps.auth.noteSecondFactor(person.sessionId, deps.clock())
}

async function usePasskey(deps: Deps, proof: PasskeyProof, challenge: string): Promise<string | null> {
  const [row] = await deps.db.select().from(passkeys).where(eq(passkeys.credentialId, proof.id))
  const proven = row && (await verifyProof(requireParty(deps), row, proof, challenge))
  if (!row || !proven) return null
  await deps.db
    .update(passkeys)
    .set({ ...proven, lastUsedAt: deps.clock() })
    .where(eq(passkeys.passkeyId, row.passkeyId))
  return row.userId
}

export function unknownPasskey(): AppError {
  return new AppError({
    code: 'passkey-unknown',
    status: 401,
    message: 'No account here takes this passkey: choose another one, or sign in with your password.',
  })
}

function requireParty(deps: Pick<Deps, 'publicUrl'>): RelyingParty {
  const party = findRelyingParty(deps.publicUrl)
  if (party) return party
  throw conflict(
    'no-passkeys-here',
    `Passkeys need a name and https, or localhost; this server is at ${deps.publicUrl} (DRAGONFLY_PUBLIC_URL).`,
  )
}

function readPasskeys(deps: Pick<Deps, 'db'>, userId: string) {
  return deps.db
    .select()
    .from(passkeys)
    .where(eq(passkeys.userId, userId))
    .orderBy(desc(passkeys.createdAt), desc(passkeys.passkeyId))
}

function renderPasskey(row: PasskeyView): PasskeyView {
  const { passkeyId, name, synced, createdAt, lastUsedAt } = row
  return { passkeyId, name, synced, createdAt, lastUsedAt }
}
