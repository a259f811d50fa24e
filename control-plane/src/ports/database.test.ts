import { describeDatabase } from '../testing/database-contract.ts'
import { openTestDatabase } from '../testing/node-test-deps.ts'

describeDatabase('as the tests of the API have it', async () => {
  const db = await openTestDatabase()
  return { one: db, other: db, close: async () => undefined }
})
