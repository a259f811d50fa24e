import { join } from 'node:path'
import * as schema from '@dragonfly/schema/db'
import { migrationsFolder } from '@dragonfly/schema/migrations'
import { createClient } from '@libsql/client'
import { drizzle } from 'drizzle-orm/libsql'
import { migrate } from 'drizzle-orm/libsql/migrator'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import type { Database } from '../../database.ts'
import { readNewestMigration } from '../newest-migration.ts'
import { takeFileLock } from './file-lock.ts'
import { renewRefused } from './renewed-connection.ts'

/** The database was written by a newer program; the message says so, and what to do. */
export class NewerDatabaseError extends Error {}

/** A command that writes beside the server (`dragonfly allowlist clear`) is waited for, standing still. */
const othersWriteForMs = 500

const keepReferences = 'pragma foreign_keys = on'

/** Migrations of thousands of machines' history take their time. */
const migrationPatienceMs = 5 * 60_000

/**
 * Opens the embedded database and brings it up to date; `null` keeps it in memory. One connection: statements and
 * batches of this process follow each other, and none finds the file locked. Throws a NewerDatabaseError.
 */
export async function openDatabase(
  dataDir: string | null,
  /** `delete`: for a file that is about to be moved, which has no companions then. */
  journalMode: 'wal' | 'delete' = 'wal',
): Promise<{ db: Database; close: () => void }> {
  const url = dataDir === null ? ':memory:' : `file:${join(dataDir, 'dragonfly.db')}`
  const own = createClient({ url, concurrency: 1, timeout: othersWriteForMs })
  const client = dataDir === null ? own : renewRefused(own, keepReferences)
  try {
    if (dataDir !== null) await client.execute(`pragma journal_mode = ${journalMode}`)
    await client.execute(keepReferences)
    const db = drizzle(client, { schema })
    if (dataDir === null) await migrate(db, { migrationsFolder })
    else await bringUpToDate(db, dataDir)
    return { db, close: () => client.close() }
  } catch (error) {
    client.close()
    throw error
  }
}

/** `when` of the newest migration that this program knows. */
export function ownNewestMigration(): number {
  return Math.max(...readMigrationFiles({ migrationsFolder }).map(({ folderMillis }) => folderMillis))
}

/** Throws when a newer program has been at this database. */
export async function refuseNewerDatabase(db: Database): Promise<number | null> {
  const newest = await readNewestMigration(db)
  if (newest === null || newest <= ownNewestMigration()) return newest
  throw new NewerDatabaseError(
    'the database was written by a newer Dragonfly: start that version or a newer one, or restore a backup that this version made',
  )
}

/** By one process; others that start at the same moment wait for it. */
async function bringUpToDate(db: Database, dataDir: string): Promise<void> {
  if ((await refuseNewerDatabase(db)) === ownNewestMigration()) return
  const release = await takeFileLock(join(dataDir, 'migration.lock'), migrationPatienceMs)
  if (!release) throw new Error('another process has been migrating this database for too long')
  try {
    await refuseNewerDatabase(db)
    await migrate(db, { migrationsFolder })
  } finally {
    release()
  }
}
