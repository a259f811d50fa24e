import { settings } from '@dragonfly/schema/db'
import { eq } from 'drizzle-orm'
import type { Database } from '../../database.ts'

export type SettingKey =
  | 'control-plane-id'
  | 'generation'
  | 'epoch-floor'
  | 'organisation'
  | 'signer-key'
  | 'session-secret'
  | 'bundle-version'
  | 'first-administrator'
  | 'local-site'
  | 'mfa-required-for'
  | 'step-up-minutes'
  | 'oidc'
  | 'minimum-safety'
  | 'recovery-key'
  | 'front-page'
  | 'address-allowlist'
  | 'power-control'
  | 'reimage'
  | 'setup-dismissed'
  | 'setup-file'
  | 'edge-statuses'

/** A statement for a batch. */
export function selectSetting(db: Database, key: SettingKey) {
  return db.select({ value: settings.value }).from(settings).where(eq(settings.key, key))
}

export async function readSetting(db: Database, key: SettingKey): Promise<string | null> {
  const [row] = await selectSetting(db, key)
  return row?.value ?? null
}

/** Reads a setting, or makes it; when two make it at once, both get the one that was kept. */
export async function readOrCreateSetting(
  db: Database,
  key: SettingKey,
  create: () => string | Promise<string>,
): Promise<string> {
  const found = await readSetting(db, key)
  if (found !== null) return found
  await db
    .insert(settings)
    .values({ key, value: await create() })
    .onConflictDoNothing()
  const kept = await readSetting(db, key)
  if (kept === null) throw new Error(`setting ${key} vanished`)
  return kept
}

/** A statement for a batch. */
export function writeSetting(db: Database, key: SettingKey, value: string) {
  return db
    .insert(settings)
    .values({ key, value })
    .onConflictDoUpdate({ target: settings.key, set: { value } })
}

/** Writes a setting that must not exist yet; false when it does. */
export async function claimSetting(db: Database, key: SettingKey, value: string): Promise<boolean> {
  const written = await db
    .insert(settings)
    .values({ key, value })
    .onConflictDoNothing()
    .returning({ key: settings.key })
  return written.length > 0
}

export async function releaseSetting(db: Database, key: SettingKey): Promise<void> {
  await db.delete(settings).where(eq(settings.key, key))
}
