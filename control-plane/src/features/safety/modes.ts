import type { SafetyView } from '@dragonfly/schema/api'
import { sites, userSafety } from '@dragonfly/schema/db'
import { effectiveSafety, powerLifetimeMs, type SafetyMode } from '@dragonfly/schema/state'
import { eq, inArray } from 'drizzle-orm'
import { runBatch } from '../../batch.ts'
import type { Database, Deps, Person } from '../../deps.ts'
import { AppError } from '../../errors.ts'
import { readSetting, writeSetting } from '../settings/settings.ts'
import { announceSites, bumpAllSites } from '../sites/site-version.ts'
import { readSwitches } from './read-switches.ts'

/** What the organisation asks for at least. */
async function readMinimumSafety(db: Database): Promise<SafetyMode> {
  return (await readSetting(db, 'minimum-safety')) === 'safe' ? 'safe' : 'power'
}

export async function getSafety(deps: Deps, person: Person): Promise<SafetyView> {
  const [minimum, powerUntil, switches] = await Promise.all([
    readMinimumSafety(deps.db),
    readPowerUntil(deps.db, person.userId),
    readSwitches(deps.db),
  ])
  const mode = effectiveSafety({ powerUntil, minimums: [minimum] }, deps.clock())
  return { mode, powerUntil: mode === 'power' ? powerUntil : null, minimum, ...switches }
}

export async function setSafetyMode(deps: Deps, person: Person, mode: SafetyMode): Promise<SafetyView> {
  if (mode === 'power') {
    if ((await readMinimumSafety(deps.db)) === 'safe') {
      throw new AppError({
        code: 'safety-minimum',
        status: 409,
        message: 'Your organisation asks for safe mode: an administrator can change that.',
      })
    }
    const powerUntil = deps.clock() + powerLifetimeMs
    await deps.db
      .insert(userSafety)
      .values({ userId: person.userId, powerUntil })
      .onConflictDoUpdate({ target: userSafety.userId, set: { powerUntil } })
  } else {
    await deps.db.delete(userSafety).where(eq(userSafety.userId, person.userId))
  }
  return getSafety(deps, person)
}

/** Every site's edges refuse less from now on, orders that are armed already included. */
export async function setMinimumSafety(deps: Deps, person: Person, minimum: SafetyMode): Promise<SafetyView> {
  await runBatch(deps.db, [writeSetting(deps.db, 'minimum-safety', minimum), bumpAllSites(deps.db)])
  await announceSites(deps, 'all')
  deps.live.publish([{ type: 'changed', entity: 'safety', id: 'all' }])
  return getSafety(deps, person)
}

/** The mode that counts for an operation at some sites; null for one that concerns them all. */
export async function decideSafety(
  deps: Deps,
  person: Person,
  siteIds: readonly string[] | null,
): Promise<SafetyMode> {
  const [minimum, powerUntil, asked] = await Promise.all([
    readMinimumSafety(deps.db),
    readPowerUntil(deps.db, person.userId),
    deps.db
      .select({ minimum: sites.minimumSafety })
      .from(sites)
      .where(siteIds === null ? undefined : inArray(sites.siteId, [...siteIds])),
  ])
  const minimums = [minimum, ...asked.map((site) => site.minimum)]
  return effectiveSafety({ powerUntil, minimums }, deps.clock())
}

async function readPowerUntil(db: Database, userId: string): Promise<number | null> {
  const [row] = await db
    .select({ powerUntil: userSafety.powerUntil })
    .from(userSafety)
    .where(eq(userSafety.userId, userId))
  return row?.powerUntil ?? null
}
