import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Database, openDatabase } from '../../io/database.ts'
import { migrate } from './migrations.ts'

/** Opens the edge's database in its data directory, and makes both where they are missing. */
export async function openStore(dataDir: string): Promise<Database> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const path = join(dataDir, 'edge.db')
  const database = await openDatabase(path)
  await chmod(path, 0o600)
  await migrate(database)
  return database
}
