import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@dragonfly/schema/log'
import { createClient } from '@libsql/client'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type RunningServer, startServer } from './server.ts'

// On a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let dir: string
let dataDir: string
let server: RunningServer

async function start(): Promise<void> {
  server = await startServer({
    port: 0,
    host: '127.0.0.1',
    dataDir,
    bundleDir: join(dir, 'bundle'),
    siteDir: join(dir, 'site'),
    log: silentLog,
  })
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dragonfly-ready-'))
  dataDir = join(dir, 'data')
})
afterEach(async () => {
  await server.close()
  await rm(dir, { recursive: true })
})

async function look() {
  const [health, ready] = await Promise.all(
    ['/healthz', '/readyz'].map((path) => fetch(`http://127.0.0.1:${server.port}${path}`)),
  )
  const text = (await ready?.text()) ?? ''
  return { health: health?.status, ready: ready?.status, text }
}

it('is ready, unless its database is locked, or its file gone', async () => {
  await start()
  expect(await look()).toMatchObject({ health: 200, ready: 200 })
  const other = createClient({ url: `file:${join(dataDir, 'dragonfly.db')}` })
  const transaction = await other.transaction('write')
  expect(await look()).toMatchObject({ health: 200, ready: 503, text: expect.stringContaining('locked') })
  transaction.close()
  other.close()
  expect(await look()).toMatchObject({ ready: 200, text: 'ok\n' })
  await rename(join(dataDir, 'dragonfly.db'), join(dataDir, 'elsewhere'))
  const gone = await look()
  expect(gone).toMatchObject({ health: 200, ready: 503, text: expect.stringContaining('is gone') })
  expect(gone.text).not.toContain(dir)
  await rename(join(dataDir, 'elsewhere'), join(dataDir, 'dragonfly.db'))
  await server.deps.db.run(sql`delete from settings where key = 'signer-key'`)
  expect(await look()).toMatchObject({ ready: 503, text: expect.stringContaining('signer-key') })
})

it.skipIf(process.getuid?.() !== 0)('is not ready on a disk that is full', async () => {
  await mkdir(dataDir)
  execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=80m', 'none', dataDir])
  try {
    await start()
    expect(await look()).toMatchObject({ ready: 200 })
    await writeFile(join(dataDir, 'filler'), Buffer.alloc(30_000_000))
    expect(await look()).toMatchObject({ health: 200, ready: 503, text: expect.stringContaining('disk') })
    await rm(join(dataDir, 'filler'))
    expect(await look()).toMatchObject({ ready: 200 })
  } finally {
    execFileSync('/bin/umount', ['-l', dataDir])
  }
})
