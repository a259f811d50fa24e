import { randomBytes } from 'node:crypto'
import type { Database } from '../../io/database.ts'

/** A boot's ramdisk may come back to its session this long. */
const sessionLifetimeMs = 24 * 3600_000

/** One boot of one machine into the ramdisk. */
export interface RamdiskSession {
  session: string
  mac: string
  /** All that the inventory named; the boot MAC alone until then. */
  macs: string[]
  smbiosUuid: string | null
  /** Hash of the inventory journaled last, so that a reconnect does not journal it again. */
  inventoryHash: string | null
}

/**
 * Opens the session of a boot token: a new one, once, or the one that this boot had already (its agent was started
 * again, or the welcome was lost). Null when the token comes from anybody else.
 */
export async function beginSession(
  database: Database,
  boot: { nonce: string; mac: string; address: string },
  now: number,
): Promise<{ session: RamdiskSession; isNew: boolean } | null> {
  await database.run('DELETE FROM sessions WHERE expires_at < ?', now)
  const made = await database.run(
    'INSERT INTO sessions VALUES (?, ?, ?, ?, ?, NULL, NULL, ?, ?) ON CONFLICT DO NOTHING',
    randomBytes(24).toString('base64url'),
    boot.nonce,
    boot.mac,
    boot.address,
    JSON.stringify([boot.mac]),
    now,
    now + sessionLifetimeMs,
  )
  const [row] = await database.rows(
    'SELECT session FROM sessions WHERE nonce = ? AND mac = ? AND address = ?',
    boot.nonce,
    boot.mac,
    boot.address,
  )
  const session = row ? await findSession(database, String(row.session)) : null
  return session && { session, isNew: made === 1 }
}

export async function findSession(database: Database, session: string): Promise<RamdiskSession | null> {
  const [row] = await database.rows('SELECT * FROM sessions WHERE session = ?', session)
  if (!row) return null
  return {
    session,
    mac: String(row.mac),
    macs: JSON.parse(String(row.macs)) as string[],
    smbiosUuid: row.smbios_uuid === null ? null : String(row.smbios_uuid),
    inventoryHash: row.inventory_hash === null ? null : String(row.inventory_hash),
  }
}

export async function storeSessionInventory(database: Database, session: RamdiskSession): Promise<void> {
  await database.run(
    'UPDATE sessions SET macs = ?, smbios_uuid = ?, inventory_hash = ? WHERE session = ?',
    JSON.stringify(session.macs),
    session.smbiosUuid,
    session.inventoryHash,
    session.session,
  )
}
