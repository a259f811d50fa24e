import { join } from 'node:path'
import * as schema from '@dragonfly/schema/db'
import { migrationsFolder } from '@dragonfly/schema/migrations'
import { createClient } from '@libsql/client'
import { drizzle } from 'drizzle-orm/libsql'
import { migrate } from 'drizzle-orm/libsql/migrator'
import type { Database } from '../../database.ts'

/**
 * Opens the embedded database and brings it up to date; `null` keeps it in memory. One connection: statements and
 * batches of this process follow each other, and none finds the file locked.
 */
export async function openDatabase(dataDir: string | null): Promise<{ db: Database; close: () => void }> {
  const url = dataDir === null ? ':memory:' : `file:${join(dataDir, 'dragonfly.db')}`
  const client = createClient({ url, concurrency: 1 })
  if (dataDir !== null) await client.execute('pragma journal_mode = wal')
  await client.execute('pragma foreign_keys = on')
  const db = drizzle(client, { schema })
  await migrate(db, { migrationsFolder })
  return { db, close: () => client.close() }
}
