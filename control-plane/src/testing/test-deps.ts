import type { Network } from '../addresses.ts'
import type { Database, Deps } from '../deps.ts'
import type { Clock, LocalConnections } from '../ports/index.ts'

export interface TestDepsOptions {
  publicUrl: string
  clock: Clock
  log: Deps['log']
  trustedProxies?: readonly Network[] | undefined
  metricsToken?: string | undefined
}

/** Scripted edges are on the session itself, in this process. */
export type TestDeps = Deps & { connections: LocalConnections }

/** What a platform gives to the tests of the API: `node-test-deps.ts`, or `worker-test-deps.ts` in its place. */
export interface TestPlatform {
  createTestDeps(options: TestDepsOptions): Promise<TestDeps>
  /** Up to date and empty. */
  openTestDatabase(): Promise<Database>
  /** What the platform adds to a request that comes from this address. */
  comingFrom(address: string): { env: unknown; headers: Record<string, string> }
}

declare module 'vitest' {
  export interface ProvidedContext {
    /** The libSQL server of tests in workerd, and the database in it that theirs are forks of. */
    libsql: { url: string; adminUrl: string; template: string }
  }
}
