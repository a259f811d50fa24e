import type { administratorCreateSchema } from '@dragonfly/schema/api'
import { user } from '@dragonfly/schema/db'
import { count, eq } from 'drizzle-orm'
import type { z } from 'zod'
import type { Database, Deps } from '../../deps.ts'
import { AppError, conflict } from '../../errors.ts'
import { equalsInConstantTime } from '../../ids.ts'
import { version } from '../../version.ts'
import { claimSetting, readSetting, releaseSetting } from '../settings/settings.ts'

const triesPerMinute = 10

export async function needsAdministrator(db: Database): Promise<boolean> {
  const [row] = await db.select({ administrators: count() }).from(user).where(eq(user.role, 'administrator'))
  return (row?.administrators ?? 0) === 0
}

export async function getSetup(deps: Deps) {
  return {
    needsAdministrator: await needsAdministrator(deps.db),
    organisation: (await readSetting(deps.db, 'organisation')) ?? 'Dragonfly',
    frontPage: (await deps.door.policy()).frontPage,
    version,
    bundle: await deps.bundle.status(),
  }
}

/** The person who can read the server's terminal becomes its first administrator; the code works once. */
export async function createAdministrator(
  deps: Deps,
  input: z.output<typeof administratorCreateSchema>,
): Promise<{ email: string }> {
  if (!deps.limiter.take('setup', triesPerMinute, 60_000)) {
    throw new AppError({
      code: 'too-many-tries',
      status: 429,
      message: 'Too many tries: wait a minute, then read the code in the server’s terminal once more.',
    })
  }
  const done = conflict('administrator-exists', 'There is an administrator already: sign in.')
  if (!(await needsAdministrator(deps.db))) throw done
  const code = input.code.toUpperCase().replaceAll(/[^A-Z0-9]/g, '')
  const expected = deps.setupCode?.replaceAll('-', '') ?? null
  if (expected === null || !(await equalsInConstantTime(code, expected))) {
    throw new AppError({
      code: 'wrong-code',
      status: 403,
      message:
        'That is not the code. The server printed it when it started; after a restart it is another one.',
    })
  }
  return createFirstAdministrator(deps, input)
}

/** A start that was cut off between the claim and the person would leave a server that nobody can ever enter. */
export async function releaseStaleClaim(db: Database): Promise<void> {
  if (await needsAdministrator(db)) await releaseSetting(db, 'first-administrator')
}

/** Also for a start without a person, from the environment. Only one of two at the same moment succeeds. */
export async function createFirstAdministrator(
  deps: Pick<Deps, 'db' | 'auth' | 'live'>,
  input: { name: string; email: string; password: string },
): Promise<{ email: string }> {
  if (!(await claimSetting(deps.db, 'first-administrator', input.email))) {
    throw conflict('administrator-exists', 'There is an administrator already: sign in.')
  }
  try {
    const person = await deps.auth.createPerson({ ...input, role: 'administrator' })
    deps.live.publish([{ type: 'changed', entity: 'setup', id: 'setup' }])
    return person
  } catch (error) {
    await releaseSetting(deps.db, 'first-administrator')
    throw error
  }
}
