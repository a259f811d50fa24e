import { LibsqlError } from '@libsql/core/api'
import type { EmbeddedConnection, EmbeddedStatement, PlainResult } from './embedded-connection.ts'

/** What is written all or not at all. */
export interface WriteJob {
  id: number
  statements: readonly EmbeddedStatement[]
}

/** An error as it travels between threads. */
export interface PlainError {
  message: string
  code: string
  extendedCode?: string | undefined
  rawCode?: number | undefined
}

export type WriteOutcome = { id: number } & (
  | { results: PlainResult[]; error: null }
  | { results: null; error: PlainError }
)

/** Those who are in a transaction wait for its end. */
const longestMs = 20

/**
 * Writes jobs in the order of the list, as many as fit into some milliseconds, in one transaction: they share what it
 * costs to have it on disk. Each job is all or nothing, whatever becomes of the others. Answers the outcomes of those
 * that it took, once they are on disk.
 */
export function writeGroup(connection: EmbeddedConnection, jobs: readonly WriteJob[]): WriteOutcome[] {
  const [first] = jobs
  if (!first) return []
  const run = (sql: string) => connection.run({ sql, args: [] })
  try {
    run('begin immediate')
  } catch (error) {
    // Another process writes, for too long.
    return jobs.map(({ id }) => ({ id, results: null, error: toPlain(error) }))
  }
  try {
    const outcomes = runJobs(connection, jobs)
    run('commit')
    return outcomes
  } catch (error) {
    // A full disk, say, ends the transaction for all: nothing of it is written. Alone, each meets its own fate.
    if (connection.isInTransaction()) run('rollback')
    if (jobs.length === 1) return [{ id: first.id, results: null, error: toPlain(error) }]
    return writeGroup(connection, [first])
  }
}

function runJobs(connection: EmbeddedConnection, jobs: readonly WriteJob[]): WriteOutcome[] {
  const since = performance.now()
  const outcomes: WriteOutcome[] = []
  const run = (sql: string) => connection.run({ sql, args: [] })
  for (const { id, statements } of jobs) {
    run('savepoint job')
    try {
      const results = statements.map((statement) => connection.run(statement))
      outcomes.push({ id, results, error: null })
    } catch (error) {
      if (!connection.isInTransaction()) throw error
      run('rollback to job')
      outcomes.push({ id, results: null, error: toPlain(error) })
    }
    run('release job')
    if (performance.now() - since >= longestMs) break
  }
  return outcomes
}

function toPlain(error: unknown): PlainError {
  const message = error instanceof Error ? error.message : String(error)
  if (!(error instanceof LibsqlError)) return { message, code: 'UNKNOWN' }
  const { code, extendedCode, rawCode } = error
  // The message begins with the code.
  return { message: message.slice(code.length + 2), code, extendedCode, rawCode }
}
