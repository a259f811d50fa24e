import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBundleFiles } from '../platform/node/bundle-files.ts'
import { openDatabase } from '../platform/node/database.ts'
import { createNodeDeps, type NodeDeps, type NodeDepsOptions } from '../platform/node/deps.ts'
import { openSecrets } from '../platform/node/secrets.ts'

export type TestDepsOptions = Pick<NodeDepsOptions, 'clock' | 'logError' | 'publicUrl'> &
  Partial<Pick<NodeDepsOptions, 'trustedProxies' | 'metricsToken'>>

/** On Node; the tests' project for Workers takes `worker-test-deps.ts` in the place of this file. */
export async function createTestDeps(options: TestDepsOptions): Promise<NodeDeps> {
  const dir = await mkdtemp(join(tmpdir(), 'dragonfly-test-'))
  return createNodeDeps({
    ...options,
    db: await openTestDatabase(),
    secrets: await openSecrets(dir),
    bundle: createBundleFiles(join(dir, 'bundle'), options.logError),
    siteDir: join(dir, 'site'),
  })
}

/** Up to date and empty. */
export async function openTestDatabase() {
  return (await openDatabase(null)).db
}

/** What the platform adds to a request that comes from this address. */
export function comingFrom(address: string): { env: unknown; headers: Record<string, string> } {
  return { env: { incoming: { socket: { remoteAddress: address } } }, headers: {} }
}
