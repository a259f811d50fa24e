import type { Client } from '@libsql/client'
import type { Database } from '../database.ts'

interface DatabaseWork {
  statements: number
  /** A batch is one. */
  roundTrips: number
}

/** Counts what is asked of the database from now on; `take` says how much that was since it was last called. */
export function countStatements(db: Database): { take(): DatabaseWork } {
  const client = (db as Database & { $client: Client }).$client
  const [execute, batch] = [client.execute.bind(client), client.batch.bind(client)]
  let work: DatabaseWork = { statements: 0, roundTrips: 0 }
  const note = (statements: number): void => {
    work = { statements: work.statements + statements, roundTrips: work.roundTrips + 1 }
  }
  client.execute = (statement: Parameters<Client['execute']>[0]) => {
    note(1)
    return execute(statement)
  }
  client.batch = (statements, mode) => {
    note(statements.length)
    return batch(statements, mode)
  }
  return {
    take() {
      const taken = work
      work = { statements: 0, roundTrips: 0 }
      return taken
    },
  }
}
