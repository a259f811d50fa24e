import { type Database, statement } from '../../io/database.ts'

/** Append only: an edge that was updated runs those that its file has not seen. */
const migrations: string[][] = [
  [
    `CREATE TABLE identity (
      id INTEGER PRIMARY KEY CHECK (id = 1), url TEXT NOT NULL, edge_id TEXT NOT NULL, site_id TEXT NOT NULL,
      site_name TEXT NOT NULL, control_plane_id TEXT NOT NULL, signer_keys TEXT NOT NULL, joined_at INTEGER NOT NULL)`,
    'CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)',
    `CREATE TABLE journal (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, type TEXT NOT NULL, event TEXT NOT NULL)`,
    `CREATE TABLE site_state (
      id INTEGER PRIMARY KEY CHECK (id = 1), generation TEXT NOT NULL, version INTEGER NOT NULL, etag TEXT,
      snapshot TEXT NOT NULL, received_at INTEGER NOT NULL)`,
    `CREATE TABLE burned_orders (
      jti TEXT PRIMARY KEY, deployment_id TEXT NOT NULL, machine_id TEXT NOT NULL, epoch INTEGER NOT NULL,
      burned_at INTEGER NOT NULL)`,
    'CREATE INDEX burned_orders_machine ON burned_orders (machine_id, epoch)',
    `CREATE TABLE deployments (
      deployment_id TEXT PRIMARY KEY, machine_id TEXT NOT NULL, status TEXT NOT NULL, stage TEXT NOT NULL,
      attempt INTEGER NOT NULL, state TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL)`,
    `CREATE TABLE phone_home_tokens (
      hash TEXT PRIMARY KEY, deployment_id TEXT NOT NULL, created_at INTEGER NOT NULL)`,
    'CREATE INDEX phone_home_tokens_deployment ON phone_home_tokens (deployment_id)',
    'CREATE TABLE discovered_macs (mac TEXT PRIMARY KEY, discovered_at INTEGER NOT NULL)',
    `CREATE TABLE images (
      image_id TEXT PRIMARY KEY, attempt INTEGER NOT NULL, status TEXT NOT NULL, manifest_digest TEXT,
      size_bytes INTEGER NOT NULL, stored_bytes INTEGER NOT NULL, updated_at INTEGER NOT NULL)`,
    `CREATE TABLE sessions (
      session TEXT PRIMARY KEY, nonce TEXT UNIQUE, mac TEXT NOT NULL, address TEXT, macs TEXT NOT NULL,
      smbios_uuid TEXT, inventory_hash TEXT, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL)`,
  ],
  [
    `CREATE TABLE commands (
      command_id TEXT PRIMARY KEY, machine_id TEXT NOT NULL, deadline INTEGER NOT NULL, taken_at INTEGER NOT NULL,
      waiting TEXT, result TEXT)`,
    'CREATE INDEX commands_by_deadline ON commands (deadline)',
    `CREATE TABLE netboots (
      deployment_id TEXT NOT NULL, attempt INTEGER NOT NULL, tries INTEGER NOT NULL, at INTEGER NOT NULL,
      PRIMARY KEY (deployment_id, attempt))`,
  ],
  ['CREATE TABLE bmc_log_marks (machine_id TEXT PRIMARY KEY, entry_id TEXT NOT NULL)'],
]

/** Brings the file's tables up to date. */
export async function migrate(database: Database): Promise<void> {
  await database.run('CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY)')
  const [row] = await database.rows('SELECT max(number) AS number FROM migrations')
  const done = Number(row?.number ?? 0)
  if (done > migrations.length)
    throw new Error('The data directory was written by a newer dragonfly-edge: update this one.')
  for (const [index, statements] of migrations.entries()) {
    if (index < done) continue
    await database.batch([
      ...statements.map((sql) => statement(sql)),
      statement('INSERT INTO migrations (number) VALUES (?)', index + 1),
    ])
  }
}
