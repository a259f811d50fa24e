import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as schema from '@dragonfly/schema/db'
import { createClient } from '@libsql/client'
import { drizzle } from 'drizzle-orm/libsql'
import { describeDatabase } from '../../testing/database-contract.ts'
import { openRemoteDatabase } from '../worker/database.ts'
import { openDatabase, openServedDatabase } from './database.ts'
import { migrateDatabase } from './migrate.ts'
import { startSqld } from './sqld.ts'

const makeFolder = () => mkdtemp(join(tmpdir(), 'dragonfly-database-'))

/** Another process, which has the driver's own client. */
async function openBeside(dir: string) {
  const client = createClient({ url: `file:${join(dir, 'dragonfly.db')}`, timeout: 500 })
  await client.execute('pragma foreign_keys = on')
  return { db: drizzle(client, { schema }), close: () => client.close() }
}

for (const [name, open] of [
  ['the embedded file, for a command', openDatabase],
  ['the embedded file, for a server', openServedDatabase],
] as const)
  describeDatabase(name, async () => {
    const dir = await makeFolder()
    const one = await open(dir)
    const other = await openBeside(dir)
    return {
      one: one.db,
      other: other.db,
      async close() {
        other.close()
        await one.close()
        await rm(dir, { recursive: true, force: true })
      },
    }
  })

describeDatabase('a libSQL server', async () => {
  const dir = await makeFolder()
  const sqld = await startSqld({ dataDir: dir })
  await migrateDatabase({ url: sqld.url })
  return {
    one: openRemoteDatabase({ url: sqld.url }),
    other: openRemoteDatabase({ url: sqld.url }),
    async close() {
      await sqld.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
})
