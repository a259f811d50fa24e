import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as schema from '@dragonfly/schema/db'
import { migrationsFolder } from '@dragonfly/schema/migrations'
import { createClient } from '@libsql/client'
import { drizzle } from 'drizzle-orm/libsql'
import { build } from 'esbuild'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { migrateDatabase } from '../platform/node/migrate.ts'
import { findFreePort, startSqld } from '../platform/node/sqld.ts'
import type { Platform } from './platform.ts'

const entry = fileURLToPath(new URL('../platform/worker/testing/bridge.ts', import.meta.url))
const setupCode = 'TESTTEST'
const objects = { SITES: 'SiteObject', LIVE: 'LiveObject', GUARDS: 'GuardObject' }

/** The control plane in workerd, on a libSQL server of its own. */
export async function startWorkerPlatform(): Promise<Platform> {
  const dir = await mkdtemp(join(tmpdir(), 'dragonfly-workerd-'))
  const sqld = await startSqld({ dataDir: join(dir, 'database') })
  await migrateDatabase({ url: sqld.url })
  const port = await findFreePort()
  const url = `http://127.0.0.1:${port}`
  const index = await assetIndex()
  const secretsKey = randomBytes(32)
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: 'dragonfly',
      host: '127.0.0.1',
      port,
      modules: true,
      script: await bundle(),
      compatibilityDate: '2026-10-15',
      compatibilityFlags: ['nodejs_compat'],
      durableObjects: Object.fromEntries(
        Object.entries(objects).map(([name, className]) => [name, { className, useSQLite: true }]),
      ),
      r2Buckets: ['FILES'],
      serviceBindings: { ASSETS: () => new Response(index) },
      bindings: {
        DRAGONFLY_LOCAL: 'yes',
        DRAGONFLY_LOG_LEVEL: 'error',
        DRAGONFLY_PUBLIC_URL: url,
        DRAGONFLY_DATABASE_URL: sqld.url,
        DRAGONFLY_SECRETS_KEY: secretsKey.toString('base64'),
        DRAGONFLY_SETUP_CODE: setupCode,
      },
    }),
  )
  await miniflare.ready
  const call = async (port: string, method: string, args: unknown[]): Promise<unknown> => {
    const body = JSON.stringify({ port, method, args })
    const answer = await fetch(`${url}/testing/port`, { method: 'POST', body })
    if (!answer.ok) throw new Error(await answer.text())
    return ((await answer.json()) as { result: unknown }).result
  }
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(`${url}/testing/${path}`, { method: 'POST', body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(await answer.text())
  }
  const evict = async (siteId: string, webSockets: 'hibernate' | 'close') => {
    for (const [name, className] of [
      [siteId, objects.SITES],
      ['live', objects.LIVE],
      ...Array.from({ length: 16 }, (_, index) => [`guard-${index}`, objects.GUARDS] as const),
    ] as const)
      await miniflare
        .unsafeEvictDurableObject('dragonfly', className, { name, webSockets })
        .catch((error: Error) => {
          // It sleeps by itself.
          if (!error.message.includes('not currently running')) throw error
        })
  }
  return {
    url,
    setupCode,
    db: drizzle(createClient({ url: sqld.url }), { schema }),
    secretsKey: Uint8Array.from(secretsKey),
    port: async <T>(port: string, method: string, ...args: unknown[]) =>
      (await call(port, method, args)) as T,
    sleep: (siteId) => evict(siteId, 'hibernate'),
    async evict(siteId) {
      // What sleeps is not there to be evicted: a call wakes it.
      await Promise.all([call('connections', 'ofSite', [siteId]), call('connections', 'connected', [])])
      await evict(siteId, 'close')
    },
    setSitesAway: (isAway) => post('sites-away', isAway),
    runTimers: () => post('timers', null),
    async close() {
      await miniflare.dispose()
      await sqld.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** No portal and no boot bundle: those are tried elsewhere. */
async function assetIndex(): Promise<string> {
  const journal: { entries: { tag: string; when: number }[] } = JSON.parse(
    await readFile(join(migrationsFolder, 'meta/_journal.json'), 'utf8'),
  )
  const newest = journal.entries.at(-1)
  return JSON.stringify({
    migration: { tag: newest?.tag, when: newest?.when },
    files: {},
    bundle: null,
    edgeRelease: null,
  })
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    external: ['node:*', 'cloudflare:*'],
    alias: Object.fromEntries(builtinModules.map((name) => [name, `node:${name.replace(/^node:/, '')}`])),
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}
