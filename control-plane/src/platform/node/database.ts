import { join } from 'node:path'
import * as schema from '@dragonfly/schema/db'
import { migrationsFolder } from '@dragonfly/schema/migrations'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/libsql'
import { migrate } from 'drizzle-orm/libsql/migrator'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import type { Database } from '../../database.ts'
import { readNewestMigration } from '../newest-migration.ts'
import { databaseFile } from './data-folder.ts'
import { createEmbeddedClient, openSplitClient } from './embedded-client.ts'
import { openConnection } from './embedded-connection.ts'
import { takeFileLock } from './file-lock.ts'

/** The database was written by a newer program; the message says so, and what to do. */
export class NewerDatabaseError extends Error {}

/** Another process that writes is waited for, standing still. */
const othersWriteForMs = 500

const pathOf = (dataDir: string): string => join(dataDir, databaseFile)

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
  const path = dataDir === null ? ':memory:' : pathOf(dataDir)
  const journal = dataDir === null ? [] : [`journal_mode = ${journalMode}`]
  const options = { timeoutMs: othersWriteForMs, pragmas: [...journal, 'foreign_keys = on'] }
  const client = createEmbeddedClient(openConnection(path, options))
  try {
    const db = drizzle(client, { schema })
    if (dataDir === null) await migrate(db, { migrationsFolder })
    else await bringUpToDate(db, dataDir)
    return { db, close: () => client.close() }
  } catch (error) {
    client.close()
    throw error
  }
}

/**
 * Opens the embedded database for a server that many wait for: `openDatabase`, and then a thread of its own for what
 * writes, so that nobody stands still while that gets onto the disk.
 */
export async function openServedDatabase(
  dataDir: string,
): Promise<{ db: Database; close: () => Promise<void> }> {
  const { close: closeMigrated } = await openDatabase(dataDir)
  closeMigrated()
  const { client, close } = openSplitClient(pathOf(dataDir))
  return { db: drizzle(client, { schema }), close }
}

/** Takes the lock of those who write, and writes nothing. Rejects when the file can't be written. */
export async function tryWriting(db: Database): Promise<void> {
  await db.run(sql`delete from settings where false`)
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
