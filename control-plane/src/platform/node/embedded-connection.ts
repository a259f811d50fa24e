import { type InValue, LibsqlError } from '@libsql/core/api'
import Libsql from 'libsql'

/** A statement with its values. */
export interface EmbeddedStatement {
  sql: string
  args: readonly InValue[]
}

export interface PlainResult {
  columns: string[]
  /** Each a list of values in the order of the columns. */
  rows: unknown[][]
  rowsAffected: number
  lastInsertRowid: number | null
}

/**
 * One connection to an embedded database: whoever calls stands still until it has answered. Its statements stay
 * prepared. Preparing one, with the triggers that it sets off, takes longer than running it, and those of a client that
 * prepares each anew pile up until the garbage collector comes by. Throws LibsqlErrors, as `@libsql/client` does.
 */
export interface EmbeddedConnection {
  run(statement: EmbeddedStatement): PlainResult
  isInTransaction(): boolean
  close(): void
}

interface Prepared {
  statement: ReturnType<InstanceType<typeof Libsql>['prepare']>
  /** Null when it answers no rows. */
  columns: string[] | null
}

/** Each takes some 20 KB. */
const mostPrepared = 200

export interface ConnectionOptions {
  /** How long another process that writes is waited for, standing still. */
  timeoutMs: number
  pragmas?: readonly string[]
}

export function openConnection(
  path: string,
  { timeoutMs, pragmas = [] }: ConnectionOptions,
): EmbeddedConnection {
  const prepared = new Map<string, Prepared>()
  let database = open()
  let isOpen = true
  let wasRefused = false

  function open() {
    const opened = new Libsql(path, { timeout: timeoutMs })
    for (const pragma of pragmas) opened.exec(`pragma ${pragma}`)
    return opened
  }
  /** The statement that another process's lock refused is never reset, and keeps later ones from being committed. */
  function reopen(): void {
    prepared.clear()
    database.close()
    database = open()
    wasRefused = false
  }

  function prepare(sql: string): Prepared {
    const found = prepared.get(sql) ?? prepareAnew(sql)
    // Those not used for longest go first.
    prepared.delete(sql)
    prepared.set(sql, found)
    const [oldest] = prepared.keys()
    if (prepared.size > mostPrepared && oldest !== undefined) prepared.delete(oldest)
    return found
  }
  function prepareAnew(sql: string): Prepared {
    const statement = database.prepare(sql)
    if (!statement.reader) return { statement, columns: null }
    return {
      statement,
      columns: statement
        .raw(true)
        .columns()
        .map(({ name }) => name),
    }
  }
  function runPrepared({ sql, args }: EmbeddedStatement): PlainResult {
    const values = args.map(toStored)
    const { statement, columns } = prepare(sql)
    if (columns) {
      const rows = statement.all(values) as unknown[][]
      return { columns, rows: rows.map(fromStored), rowsAffected: 0, lastInsertRowid: null }
    }
    const { changes, lastInsertRowid } = statement.run(values)
    return { columns: [], rows: [], rowsAffected: changes, lastInsertRowid: Number(lastInsertRowid) }
  }

  return {
    run(statement) {
      if (!isOpen) throw new LibsqlError('The client is closed', 'CLIENT_CLOSED')
      try {
        if (wasRefused && !database.inTransaction) reopen()
        return runPrepared(statement)
      } catch (error) {
        const told = toLibsqlError(error)
        if (told instanceof LibsqlError && told.code === 'SQLITE_BUSY') wasRefused = true
        throw told
      }
    },
    isInTransaction: () => isOpen && database.inTransaction,
    close() {
      if (!isOpen) return
      isOpen = false
      prepared.clear()
      database.close()
    },
  }
}

function toStored(value: InValue): unknown {
  if (typeof value === 'boolean') return Number(value)
  if (value instanceof ArrayBuffer) return Buffer.from(value)
  if (value instanceof Date) return value.valueOf()
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new RangeError('Only finite numbers can be stored')
  if (value === undefined) throw new TypeError('undefined can’t be stored')
  return value
}

function fromStored(row: unknown[]): unknown[] {
  for (const [index, value] of row.entries())
    if (value instanceof Uint8Array) row[index] = Uint8Array.from(value).buffer
  return row
}

/** Codes without what extends them (SQLite's result codes, https://sqlite.org/rescode.html). */
const codes: Record<number, string> = {
  1: 'SQLITE_ERROR',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  19: 'SQLITE_CONSTRAINT',
  26: 'SQLITE_NOTADB',
}

function toLibsqlError(error: unknown): unknown {
  if (!(error instanceof Libsql.SqliteError)) return error
  const { message, code, rawCode } = error
  const plain = rawCode === undefined ? undefined : codes[rawCode & 0xff]
  return new LibsqlError(message, plain ?? code, code, rawCode, error)
}
