import { setTimeout as sleep } from 'node:timers/promises'
import * as schema from '@dragonfly/schema/db'
import { migrationsFolder } from '@dragonfly/schema/migrations'
import { type Client, createClient } from '@libsql/client'
import { drizzle } from 'drizzle-orm/libsql'
import { migrate } from 'drizzle-orm/libsql/migrator'
import { refuseNewerDatabase } from './database.ts'

/** A migration that was cut off holds the others up for this long. */
const leaseMs = 5 * 60_000
const retryMs = 500

/**
 * Brings a libSQL server's database up to date. When several do it at once, one does and the others wait for it.
 * Rejects when the server can't be reached, or another one holds the lease for longer than it may.
 */
export async function migrateDatabase(options: {
  url: string
  token?: string | undefined
  /** One of several databases in a server of one's own. */
  namespace?: string
  /** Called once when somebody else is at it. */
  onWait?: () => void
}): Promise<void> {
  const client = createClient({
    url: options.url,
    ...(options.token === undefined ? {} : { authToken: options.token }),
    ...(options.namespace === undefined ? {} : { fetch: fetchIn(options.namespace) }),
  })
  const holder = crypto.randomUUID()
  try {
    await takeLease(client, holder, options.onWait ?? (() => {}))
    try {
      await refuseNewerDatabase(drizzle(client, { schema }))
      await migrate(drizzle(client), { migrationsFolder })
    } finally {
      await client.execute({ sql: 'delete from migration_lease where holder = ?', args: [holder] })
    }
  } finally {
    client.close()
  }
}

async function takeLease(client: Client, holder: string, onWait: () => void): Promise<void> {
  await client.execute(
    'create table if not exists migration_lease (id integer primary key check (id = 1), holder text not null, expires_at integer not null)',
  )
  const giveUpAt = Date.now() + leaseMs + 30_000
  for (let isFirst = true; Date.now() < giveUpAt; isFirst = false) {
    const now = Date.now()
    const { rows } = await client.execute({
      sql: `insert into migration_lease (id, holder, expires_at) values (1, ?, ?)
        on conflict (id) do update set holder = excluded.holder, expires_at = excluded.expires_at
        where expires_at < ? returning holder`,
      args: [holder, now + leaseMs, now],
    })
    if (rows.length > 0) return
    if (isFirst) onWait()
    await sleep(retryMs)
  }
  throw new Error('another migration of this database has been under way for too long: try again later')
}

/** sqld tells its namespaces apart by this header, in base64. */
function fetchIn(namespace: string): (request: Request) => Promise<Response> {
  return (request) => {
    request.headers.set('x-namespace-bin', btoa(namespace).replaceAll('=', ''))
    return fetch(request)
  }
}
