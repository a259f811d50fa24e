import { type Client, createClient, type InStatement, type Row } from '@libsql/client/sqlite3'

/** The embedded database file. All writing is by single statements or a batch; no transaction is held open. */
export interface Database {
  /** Rows of a query. */
  rows(sql: string, ...args: SqlValue[]): Promise<Row[]>
  /** One statement; gives the number of rows it changed. */
  run(sql: string, ...args: SqlValue[]): Promise<number>
  /** All statements or none. */
  batch(statements: Statement[]): Promise<void>
  close(): void
}
export type SqlValue = string | number | null
export interface Statement {
  sql: string
  args: SqlValue[]
}

export const statement = (sql: string, ...args: SqlValue[]): Statement => ({ sql, args })

/** Opens (or makes) a libSQL file with every commit synced to disk. */
export async function openDatabase(path: string): Promise<Database> {
  const client: Client = createClient({ url: `file:${path}`, timeout: 2000 })
  await client.execute('PRAGMA journal_mode=WAL')
  await client.execute('PRAGMA synchronous=FULL')
  return {
    rows: async (sql, ...args) => (await client.execute({ sql, args })).rows,
    run: async (sql, ...args) => (await client.execute({ sql, args })).rowsAffected,
    batch: async (statements) => {
      if (statements.length > 0) await client.batch(statements as InStatement[], 'write')
    },
    close: () => client.close(),
  }
}
