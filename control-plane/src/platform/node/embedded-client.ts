import {
  type Client,
  type InArgs,
  type InStatement,
  LibsqlError,
  type ResultSet,
  type Row,
} from '@libsql/client'
import {
  type EmbeddedConnection,
  type EmbeddedStatement,
  openConnection,
  type PlainResult,
} from './embedded-connection.ts'
import { startWriter } from './writer.ts'

/** Other processes that write (`dragonfly allowlist clear`) are waited for in the thread, where nobody stands still. */
const writersWaitMs = 2000
/** Readers are refused for moments only. */
const readersWaitMs = 500

/** A client of an embedded database that runs everything here, at once. */
export function createEmbeddedClient(connection: EmbeddedConnection): Client {
  const inOne = (statements: readonly EmbeddedStatement[]) => runBatch(connection, statements)
  return createClient({
    execute: async (statement) => connection.run(statement),
    batch: async (statements) => inOne(statements),
    migrate: async (statements) => {
      connection.run({ sql: 'pragma foreign_keys = off', args: [] })
      try {
        return inOne(statements)
      } finally {
        connection.run({ sql: 'pragma foreign_keys = on', args: [] })
      }
    },
    close: () => connection.close(),
  })
}

/**
 * A client of an embedded database file in WAL mode. It reads here, at once. What writes goes to a thread, which has
 * it on disk before it answers, and shares that wait among all who write at the same moment. A reader sees each write
 * that was answered, and nothing that is not on disk.
 */
export function openSplitClient(path: string): { client: Client; close: () => Promise<void> } {
  // What is taken for reading, and is not, fails instead of going past the thread.
  const reader = openConnection(path, { timeoutMs: readersWaitMs, pragmas: ['query_only = on'] })
  const writer = startWriter({ path, timeoutMs: writersWaitMs })
  const close = async () => {
    await writer.close()
    reader.close()
  }
  const client = createClient({
    async execute(statement) {
      if (onlyReads(statement.sql)) return reader.run(statement)
      const [result] = await writer.write([statement])
      if (!result) throw new Error('a statement without a result')
      return result
    },
    batch: async (statements) =>
      statements.every(({ sql }) => onlyReads(sql)) ? runBatch(reader, statements) : writer.write(statements),
    migrate: refuse,
    close: () => void close(),
  })
  return { client, close }
}

/** Whether a statement only reads; in doubt, it does not. */
export function onlyReads(sql: string): boolean {
  if (/^\s*select\b/i.test(sql)) return true
  return /^\s*with\b/i.test(sql) && !/\b(insert|update|delete|replace)\b/i.test(sql)
}

function runBatch(connection: EmbeddedConnection, statements: readonly EmbeddedStatement[]): PlainResult[] {
  connection.run({ sql: 'begin', args: [] })
  try {
    const results = statements.map((statement) => connection.run(statement))
    connection.run({ sql: 'commit', args: [] })
    return results
  } finally {
    if (connection.isInTransaction()) connection.run({ sql: 'rollback', args: [] })
  }
}

interface Runner {
  execute(statement: EmbeddedStatement): Promise<PlainResult>
  batch(statements: readonly EmbeddedStatement[]): Promise<PlainResult[]>
  migrate(statements: readonly EmbeddedStatement[]): Promise<PlainResult[]>
  close(): void
}

/** In the shape that drizzle knows. A transaction that stays open would hold up every other write: there is none. */
function createClient(runner: Runner): Client {
  let isClosed = false
  return {
    protocol: 'file',
    get closed() {
      return isClosed
    },
    execute: async (statement: InStatement | string, args?: InArgs) =>
      toResultSet(await runner.execute(toEmbedded(statement, args))),
    batch: async (statements) =>
      (
        await runner.batch(
          statements.map((each) => (Array.isArray(each) ? toEmbedded(each[0], each[1]) : toEmbedded(each))),
        )
      ).map(toResultSet),
    migrate: async (statements) =>
      (await runner.migrate(statements.map((each) => toEmbedded(each)))).map(toResultSet),
    close() {
      isClosed = true
      runner.close()
    },
    ...{ transaction: refuse, executeMultiple: refuse, sync: refuse, reconnect: refuse },
  }
}

const refuse = (): never => {
  throw new LibsqlError('this client runs single statements and batches only', 'NOT_SUPPORTED')
}

function toEmbedded(statement: InStatement | string, args?: InArgs): EmbeddedStatement {
  if (typeof statement !== 'string') return toEmbedded(statement.sql, statement.args)
  if (args !== undefined && !Array.isArray(args)) return refuse()
  return { sql: statement, args: args ?? [] }
}

/** Rows answer to their columns' numbers, as a list does, and to their names. */
function toResultSet({ columns, rows, rowsAffected, lastInsertRowid }: PlainResult): ResultSet {
  const createRow = createRowMaker(columns)
  return {
    columns,
    columnTypes: columns.map(() => ''),
    rows: rows.map(createRow),
    rowsAffected,
    lastInsertRowid: lastInsertRowid === null ? undefined : BigInt(lastInsertRowid),
    toJSON: () => ({ columns, rows }),
  }
}

const valuesOf = Symbol('values')

/** What all rows of a result share is made once: thousands of rows with dozens of columns are usual. */
function createRowMaker(columns: readonly string[]): (values: unknown[]) => Row {
  const numbered = Object.create(null, {
    length: { value: columns.length },
  })
  for (const index of columns.keys())
    Object.defineProperty(numbered, index, {
      get(this: { [valuesOf]: unknown[] }) {
        return this[valuesOf][index]
      },
    })
  return (values) => {
    const row = Object.create(numbered)
    row[valuesOf] = values
    for (let index = columns.length - 1; index >= 0; index--) row[columns[index] ?? index] = values[index]
    return row
  }
}
