import { type SignerKey, signerKeySchema } from '@dragonfly/schema/wire'
import { z } from 'zod'
import { type Database, type Statement, statement } from '../../io/database.ts'

/** Who this edge is, as it was told at `join`. */
export interface EdgeIdentity {
  /** Base URL of the control plane, without a slash at its end. */
  url: string
  edgeId: string
  siteId: string
  siteName: string
  controlPlaneId: string
  /** Pinned: from `join`, and what those vouched for since. */
  signerKeys: readonly SignerKey[]
}

export async function loadIdentity(database: Database): Promise<EdgeIdentity | null> {
  const [row] = await database.rows('SELECT * FROM identity WHERE id = 1')
  if (!row) return null
  return {
    url: String(row.url),
    edgeId: String(row.edge_id),
    siteId: String(row.site_id),
    siteName: String(row.site_name),
    controlPlaneId: String(row.control_plane_id),
    signerKeys: z.array(signerKeySchema).parse(JSON.parse(String(row.signer_keys))),
  }
}

/** Leaves nothing of the site and of who this edge was there. */
export async function forgetIdentity(database: Database): Promise<void> {
  await database.batch([...forgetSite(), { sql: 'DELETE FROM identity', args: [] }])
}

function forgetSite(): Statement[] {
  const tables = [
    'journal',
    'site_state',
    'deployments',
    'phone_home_tokens',
    'discovered_macs',
    'sessions',
    'commands',
    'netboots',
  ]
  return [
    ...tables.map((table) => statement(`DELETE FROM ${table}`)),
    statement(
      "DELETE FROM meta WHERE key IN ('journalId', 'journalTaken', 'journalForgotten', 'openProblems', 'revokedAt')",
    ),
  ]
}

/** Stores a new identity, and forgets all that belonged to the old one. */
export async function replaceIdentity(
  database: Database,
  identity: EdgeIdentity,
  now: number,
): Promise<void> {
  await database.batch([
    ...forgetSite(),
    {
      sql: 'INSERT OR REPLACE INTO identity VALUES (1, ?, ?, ?, ?, ?, ?, ?)',
      args: [
        identity.url,
        identity.edgeId,
        identity.siteId,
        identity.siteName,
        identity.controlPlaneId,
        JSON.stringify(identity.signerKeys),
        now,
      ],
    },
  ])
}

export async function loadValue(database: Database, key: string): Promise<string | null> {
  const [row] = await database.rows('SELECT value FROM meta WHERE key = ?', key)
  return row ? String(row.value) : null
}

export async function storeValue(database: Database, key: string, value: string): Promise<void> {
  await database.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', key, value)
}

/** A random value that is made once and kept. */
export async function loadSecret(database: Database, key: string, make: () => string): Promise<string> {
  await database.run('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING', key, make())
  const [row] = await database.rows('SELECT value FROM meta WHERE key = ?', key)
  return String(row?.value)
}
