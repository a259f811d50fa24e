import { type SiteState, siteStateSchema } from '@dragonfly/schema/wire'
import type { Database } from '../../io/database.ts'

export interface StoredSiteState {
  state: SiteState
  etag: string | null
}

/** The last desired state taken; null when there is none that this version can read. */
export async function loadSiteState(database: Database): Promise<StoredSiteState | null> {
  const [row] = await database.rows('SELECT etag, snapshot FROM site_state WHERE id = 1')
  if (!row) return null
  const parsed = siteStateSchema.safeParse(JSON.parse(String(row.snapshot)))
  return parsed.success ? { state: parsed.data, etag: row.etag === null ? null : String(row.etag) } : null
}

export async function storeSiteState(
  database: Database,
  { state, etag }: StoredSiteState,
  now: number,
): Promise<void> {
  await database.run(
    'INSERT OR REPLACE INTO site_state VALUES (1, ?, ?, ?, ?, ?)',
    state.generation,
    state.version,
    etag,
    JSON.stringify(state),
    now,
  )
}

export async function loadDiscoveredMacs(database: Database): Promise<string[]> {
  const rows = await database.rows('SELECT mac FROM discovered_macs ORDER BY discovered_at DESC LIMIT 20000')
  return rows.map((row) => String(row.mac))
}

export async function addDiscoveredMacs(
  database: Database,
  macs: readonly string[],
  now: number,
): Promise<void> {
  await database.batch(
    macs.map((mac) => ({ sql: 'INSERT OR IGNORE INTO discovered_macs VALUES (?, ?)', args: [mac, now] })),
  )
}

export async function dropDiscoveredMacs(database: Database, macs: readonly string[]): Promise<void> {
  await database.batch(macs.map((mac) => ({ sql: 'DELETE FROM discovered_macs WHERE mac = ?', args: [mac] })))
}
