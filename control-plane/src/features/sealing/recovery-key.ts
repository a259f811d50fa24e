import type { RecoveryKeyInput, RecoveryKeyView } from '@dragonfly/schema/api'
import { settings } from '@dragonfly/schema/db'
import { sealingKid } from '@dragonfly/schema/sealing'
import { and, eq } from 'drizzle-orm'
import { runBatch } from '../../batch.ts'
import type { Deps, Person } from '../../deps.ts'
import { conflict } from '../../errors.ts'
import { claimSetting } from '../settings/settings.ts'
import { announceSites, bumpAllSites } from '../sites/site-version.ts'
import { parseRecoveryKey, readRecoveryKey } from './recipients.ts'

export async function getRecoveryKey(deps: Deps): Promise<RecoveryKeyView> {
  const key = await readRecoveryKey(deps.db)
  if (!key) return { recoveryKey: null }
  const { kid, createdAt, createdBy } = key
  return { recoveryKey: { kid, createdAt, createdBy } }
}

/** Takes the public half of a new recovery key. `replaces` names the one that the person saw, so that two don't collide. */
export async function replaceRecoveryKey(
  deps: Deps,
  person: Person,
  input: RecoveryKeyInput,
): Promise<RecoveryKeyView> {
  const kid = await sealingKid(input.publicKey)
  const value = JSON.stringify({
    kid,
    jwk: input.publicKey,
    createdAt: deps.clock(),
    createdBy: person.name,
  })
  const taken = await (input.replaces === null
    ? claimSetting(deps.db, 'recovery-key', value)
    : swapKey(deps, input.replaces, value))
  if (!taken) {
    throw conflict(
      'recovery-key-changed',
      'Somebody else made a recovery key meanwhile: reload the page. The sheet that you have printed opens nothing.',
    )
  }
  await runBatch(deps.db, [bumpAllSites(deps.db)])
  await announceSites(deps, 'all')
  return getRecoveryKey(deps)
}

/** False when the key is no longer the one to be replaced. */
async function swapKey(deps: Deps, replaces: string, value: string): Promise<boolean> {
  const key = 'recovery-key'
  const [row] = await deps.db.select().from(settings).where(eq(settings.key, key))
  if (!row || parseRecoveryKey(row.value)?.kid !== replaces) return false
  const written = await deps.db
    .update(settings)
    .set({ value })
    .where(and(eq(settings.key, key), eq(settings.value, row.value)))
    .returning({ key: settings.key })
  return written.length > 0
}
