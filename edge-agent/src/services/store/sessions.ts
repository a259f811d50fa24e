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
 * Opens the session of a boot token, once: null when its nonce was burned. A ramdisk whose welcome was lost may
 * say hello again from the same address, as long as it has sent nothing else.
 */
export async function beginSession(
  database: Database,
  boot: { nonce: string; mac: string; address: string },
  now: number,
): Promise<RamdiskSession | null> {
  await database.run('DELETE FROM sessions WHERE expires_at < ?', now)
  const session = randomBytes(24).toString('base64url')
  const made = await database.run(
    'INSERT INTO sessions VALUES (?, ?, ?, ?, ?, NULL, NULL, ?, ?) ON CONFLICT DO NOTHING',
    session,
    boot.nonce,
    boot.mac,
    boot.address,
    JSON.stringify([boot.mac]),
    now,
    now + sessionLifetimeMs,
  )
  if (made === 1) return findSession(database, session)
  const [row] = await database.rows(
    'SELECT session FROM sessions WHERE nonce = ? AND mac = ? AND address = ? AND inventory_hash IS NULL',
    boot.nonce,
    boot.mac,
    boot.address,
  )
  return row ? findSession(database, String(row.session)) : null
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
