import * as schema from '@dragonfly/schema/db'
import { createClient } from '@libsql/client/web'
import { drizzle } from 'drizzle-orm/libsql/web'
import type { Database } from '../../database.ts'

/**
 * How many requests are under way at once is left to the platform: the client's own queue would keep the places of
 * requests that the platform has ended, until none is left.
 */
const unlimited = 1_000_000

export interface RemoteDatabase {
  url: string
  token?: string | undefined
  /** In the place of `fetch`. */
  fetch?: ((request: Request) => Promise<Response>) | undefined
}

/** A libSQL server over HTTP: each statement, or batch, is one request. Nothing is sent before it is asked for. */
export function openRemoteDatabase({ url, token, fetch }: RemoteDatabase): Database {
  const client = createClient({
    url,
    concurrency: unlimited,
    ...(token === undefined ? {} : { authToken: token }),
    ...(fetch === undefined ? {} : { fetch }),
  })
  return drizzle(client, { schema })
}
