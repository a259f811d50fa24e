import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBundleFiles } from '../platform/node/bundle-files.ts'
import { openDatabase } from '../platform/node/database.ts'
import { createNodeDeps } from '../platform/node/deps.ts'
import { openSecrets } from '../platform/node/secrets.ts'
import { createUploadFiles } from '../platform/node/upload-files.ts'
import type { TestPlatform } from './test-deps.ts'

/** On Node; the tests' project for Workers takes `worker-test-deps.ts` in the place of this file. */
export const createTestDeps: TestPlatform['createTestDeps'] = async (options) => {
  const dir = await mkdtemp(join(tmpdir(), 'dragonfly-test-'))
  return createNodeDeps({
    ...options,
    db: await openTestDatabase(),
    secrets: await openSecrets(dir),
    bundle: createBundleFiles(join(dir, 'bundle'), options.log),
    uploads: createUploadFiles(join(dir, 'uploads')),
    siteDir: join(dir, 'site'),
  })
}

export const openTestDatabase: TestPlatform['openTestDatabase'] = async () => (await openDatabase(null)).db

export const comingFrom: TestPlatform['comingFrom'] = (address) => ({
  env: { incoming: { socket: { remoteAddress: address } } },
  headers: {},
})
