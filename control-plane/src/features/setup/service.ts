import type { administratorCreateSchema, setupPasskeySchema } from '@dragonfly/schema/api'
import { settings, user } from '@dragonfly/schema/db'
import { count, eq } from 'drizzle-orm'
import type { z } from 'zod'
import { isConstraint } from '../../batch.ts'
import type { Database, Deps } from '../../deps.ts'
import { AppError, conflict } from '../../errors.ts'
import { createId, equalsInConstantTime } from '../../ids.ts'
import { addressBlock, tooManyTries } from '../../tries.ts'
import { version } from '../../version.ts'
import { readOidc } from '../oidc/settings.ts'
import { beginCreation, endCreation } from '../passkeys/service.ts'
import { createPerson, type NewPerson } from '../people/create-person.ts'
import { readSetting, releaseSetting } from '../settings/settings.ts'

/** From one address; and altogether, so slow that a code of eight characters outlives whoever guesses at it. */
const codeTries = { one: { most: 10, windowMs: 60_000 }, all: { most: 300, windowMs: 60 * 60_000 } }

export async function needsAdministrator(db: Database): Promise<boolean> {
  const [row] = await db.select({ administrators: count() }).from(user).where(eq(user.role, 'administrator'))
  return (row?.administrators ?? 0) === 0
}

export async function getSetup(deps: Deps) {
  return {
    needsAdministrator: await needsAdministrator(deps.db),
    organisation: (await readSetting(deps.db, 'organisation')) ?? 'Dragonfly',
    frontPage: (await deps.door.policy()).frontPage,
    signInProvider: (await readOidc(deps))?.name ?? null,
    version,
    bundle: await deps.bundle.status(),
  }
}

/** The person who can read the server's terminal becomes its first administrator; the code works once. */
export async function createAdministrator(
  deps: Deps,
  input: z.output<typeof administratorCreateSchema>,
  clientAddress: string | null,
): Promise<{ userId: string; email: string }> {
  await requireCode(deps, input.code, clientAddress)
  const { name, email, password } = input
  if (!input.passkey) return createFirstAdministrator(deps, { name, email, password })
  const facts = { email: email.toLowerCase() }
  const made = await endCreation(deps, 'passkey-setup', 'My first passkey', input.passkey, facts)
  return createFirstAdministrator(deps, { name, email, password, ...made })
}

export async function beginSetupPasskey(
  deps: Deps,
  input: z.output<typeof setupPasskeySchema>,
  clientAddress: string | null,
) {
  await requireCode(deps, input.code, clientAddress)
  const { name, email } = input
  const userId = createId(deps.clock())
  const facts = { email: email.toLowerCase() }
  return beginCreation(deps, 'passkey-setup', { userId, name, email }, [], facts)
}

async function requireCode(deps: Deps, given: string, clientAddress: string | null): Promise<void> {
  if (!(await needsAdministrator(deps.db))) throw administratorExists()
  if (!(await deps.tries.take({ key: `setup from ${addressBlock(clientAddress)}`, ...codeTries.one })))
    throw tooManyTries(
      'Too many tries: wait a minute, then read the code in the server’s terminal once more.',
    )
  if (!(await deps.tries.take({ key: 'setup', ...codeTries.all })))
    throw tooManyTries(
      'Too many tries from everywhere: wait an hour, or name the first administrator on the server (DRAGONFLY_ADMIN_EMAIL, DRAGONFLY_ADMIN_PASSWORD).',
    )
  const code = given.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
  const expected = deps.setupCode?.replaceAll('-', '') ?? null
  if (expected === null || !(await equalsInConstantTime(code, expected))) {
    throw new AppError({
      code: 'wrong-code',
      status: 403,
      message:
        'That is not the code. The server printed it when it started; after a restart it is another one.',
    })
  }
}

/** A start that was cut off between the claim and the person would leave a server that nobody can ever enter. */
export async function releaseStaleClaim(db: Database): Promise<void> {
  if (await needsAdministrator(db)) await releaseSetting(db, 'first-administrator')
}

/**
 * Also for a start without a person, from the environment. The claim, the person and their way in are written
 * together; of two at the same moment, one succeeds.
 */
export async function createFirstAdministrator(
  deps: Pick<Deps, 'db' | 'auth' | 'clock' | 'live'>,
  input: Omit<NewPerson, 'role'>,
): Promise<{ userId: string; email: string }> {
  const claim = deps.db.insert(settings).values({ key: 'first-administrator', value: input.email })
  try {
    const person = await createPerson(deps, { ...input, role: 'administrator' }, [claim])
    deps.live.publish([{ type: 'changed', entity: 'setup', id: 'setup' }])
    return person
  } catch (error) {
    if (isConstraint(error)) throw administratorExists()
    throw error
  }
}

const administratorExists = () =>
  conflict('administrator-exists', 'There is an administrator already: sign in.')
