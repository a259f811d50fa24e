import { sql } from 'drizzle-orm'
import type { Database } from '../database.ts'

/** `when` of the newest migration that a database has seen; null when it is empty. */
export async function readNewestMigration(db: Database): Promise<number | null> {
  const [table] = await db.all(sql`select name from sqlite_master where name = '__drizzle_migrations'`)
  if (!table) return null
  const row = await db.get<{ newest: number | null }>(
    sql`select max(created_at) as newest from __drizzle_migrations`,
  )
  return row?.newest == null ? null : Number(row.newest)
}
