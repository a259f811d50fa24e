import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeDatabase } from '../../testing/database-contract.ts'
import { openRemoteDatabase } from '../worker/database.ts'
import { openDatabase } from './database.ts'
import { migrateDatabase } from './migrate.ts'
import { startSqld } from './sqld.ts'

const makeFolder = () => mkdtemp(join(tmpdir(), 'dragonfly-database-'))

describeDatabase('the embedded file', async () => {
  const dir = await makeFolder()
  const [one, other] = [await openDatabase(dir), await openDatabase(dir)]
  return {
    one: one.db,
    other: other.db,
    async close() {
      one.close()
      other.close()
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
