import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { machines, sites } from '@dragonfly/schema/db'
import { silentLog } from '@dragonfly/schema/log'
import { createClient } from '@libsql/client'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { nextEpoch } from '../../../features/deployments/epoch-floor.ts'
import { runAdministrator } from '../administrator-command.ts'
import { claimDataFolder } from '../data-folder.ts'
import { type RunningServer, startServer } from '../server.ts'
import { createBackup } from './create-backup.ts'
import { restoreBackup } from './restore-backup.ts'
import { commitRestore, finishRestore } from './swap.ts'

// Programs are started, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const program = join(import.meta.dirname, '..', 'main.ts')
const email = 'ada@example.com'
const password = 'correct horse battery staple'
let dir: string
let dataDir: string
let server: RunningServer | null = null

async function start(): Promise<RunningServer> {
  server = await startServer({
    port: 0,
    host: '127.0.0.1',
    dataDir,
    bundleDir: join(dir, 'bundle'),
    siteDir: join(dir, 'site'),
    administrator: { email, password },
    log: silentLog,
  })
  return server
}

async function stop(): Promise<void> {
  await server?.close()
  server = null
}

function dragonfly(...argv: string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [program, ...argv, '--data', dataDir], { cwd: dir })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (said += String(part)))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })))
}

const make = (name: string, passphrase: string | null = null) =>
  createBackup({ dataDir, file: join(dir, name), passphrase, now: Date.now() })
const restore = (name: string, passphrase: string | null = null) =>
  restoreBackup({ dataDir, file: join(dir, name), passphrase, now: Date.now() })

function signIn(at: RunningServer): Promise<Response> {
  return fetch(`${at.url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: at.url },
    body: JSON.stringify({ email, password }),
  })
}

const organisationOf = async (at: RunningServer) =>
  (await at.deps.db.select({ name: sites.name }).from(sites)).map(({ name }) => name)

/** Without what SQLite keeps beside a database for as long as it likes. */
const listData = async () => (await readdir(dataDir)).filter((name) => !/-(wal|shm)$/.test(name)).sort()

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dragonfly-backup-'))
  dataDir = join(dir, 'data')
  await mkdir(join(dir, 'site'))
})

afterEach(async () => {
  await stop()
  await rm(dir, { recursive: true })
})

it('copies what is there at one moment while the server writes, and puts it back with another generation', async () => {
  const first = await start()
  await first.ensureLocalSite(null)
  const { generation } = first.deps.identity
  let isWriting = true
  let writes = 0
  const writing = (async () => {
    while (isWriting) {
      await first.deps.db.run(sql`update sites set state_version = state_version + 1`)
      writes += 1
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  })()
  const backup = await dragonfly('backup', 'one.backup')
  isWriting = false
  await writing
  expect(backup).toMatchObject({ code: 0 })
  expect(backup.said).toContain('not encrypted')
  expect(writes).toBeGreaterThan(10)
  const file = join(dir, 'one.backup')
  expect((await stat(file)).mode & 0o777).toBe(0o600)

  await expect(make('one.backup')).rejects.toThrow('exists already')
  await expect(restore('one.backup')).rejects.toThrow('another Dragonfly server runs on')

  const before = await organisationOf(first)
  await first.deps.db.update(sites).set({ name: 'changed since' })
  expect((await signIn(first)).status).toBe(200)
  await stop()
  expect(await dragonfly('restore', 'one.backup')).toMatchObject({ code: 0 })
  const [kept] = (await readdir(dataDir)).filter((name) => name.startsWith('before-restore-'))
  expect((await readdir(join(dataDir, kept ?? ''))).sort()).toContain('dragonfly.db')

  const second = await start()
  expect(await organisationOf(second)).toEqual(before)
  expect(second.deps.identity.controlPlaneId).toBe(first.deps.identity.controlPlaneId)
  expect(second.deps.identity.generation).not.toBe(generation)
  expect(await second.deps.signer.trust()).toEqual(await first.deps.signer.trust())
  expect(await second.deps.db.all(sql`select * from session`)).toEqual([])
  expect((await signIn(second)).status).toBe(200)
  const [entry] = await second.deps.db.all<{ operation: string; actor_kind: string }>(
    sql`select operation, actor_kind from audit_log where operation = 'restoreBackup'`,
  )
  expect(entry).toEqual({ operation: 'restoreBackup', actor_kind: 'server' })
})

it('goes on from epochs that no deployment since the backup can have reached', async () => {
  const first = await start()
  const { siteId } = await first.ensureLocalSite(null)
  await first.deps.db.insert(machines).values({ machineId: 'm1', siteId, createdAt: 1, epoch: 7 })
  const epoch = async (at: RunningServer) =>
    (await at.deps.db.select({ nextEpoch }).from(machines))[0]?.nextEpoch
  expect(await epoch(first)).toBe(8)
  await make('one.backup')
  await first.deps.db.update(machines).set({ epoch: 9000 })
  await stop()
  await restore('one.backup')
  expect(await epoch(await start())).toBeGreaterThan(1_700_000_000)
})

it('encrypts under a passphrase, and tells a wrong one and a damaged file', async () => {
  await start()
  const right = 'a passphrase of some length'
  await make('e.backup', right)
  await stop()
  const bytes = await readFile(join(dir, 'e.backup'))
  const key = await readFile(join(dataDir, 'secrets.key'))
  expect(bytes.includes(key)).toBe(false)
  const before = await listData()

  await expect(restore('e.backup')).rejects.toThrow('is encrypted')
  const wrong = 'the passphrase is not the one of this backup'
  await expect(restore('e.backup', 'another one of some length')).rejects.toThrow(wrong)
  for (const at of [30, bytes.length - 100, bytes.length - 1]) {
    const damaged = Buffer.from(bytes)
    damaged.writeUInt8(damaged.readUInt8(at) ^ 1, at)
    await writeFile(join(dir, 'damaged.backup'), damaged)
    await expect(restore('damaged.backup', right)).rejects.toThrow(/damaged/)
  }
  expect(await listData()).toEqual(before)

  await rm(dataDir, { recursive: true })
  await restore('e.backup', right)
  expect((await signIn(await start())).status).toBe(200)
})

it('refuses what is damaged, cut off, newer, or no backup, with a sentence, and touches nothing', async () => {
  await start()
  await make('one.backup')
  await stop()
  const bytes = await readFile(join(dir, 'one.backup'))
  const bodyAt = bytes.indexOf('\n', bytes.indexOf('\n') + 1) + 1
  const header = JSON.parse(bytes.subarray(bytes.indexOf('\n') + 1, bodyAt).toString())
  const withHeader = (changed: object) =>
    Buffer.concat([
      bytes.subarray(0, bytes.indexOf('\n') + 1),
      Buffer.from(`${JSON.stringify({ ...header, ...changed })}\n`),
      bytes.subarray(bodyAt),
    ])
  const [database, key] = header.files
  const cases: [string, Buffer, string][] = [
    ['no backup', Buffer.from('PK\x03\x04 something else'), 'not a backup'],
    ['cut off', bytes.subarray(0, bytes.length - 1000), 'damaged, or cut off'],
    ['format', Buffer.concat([Buffer.from('DRAGONFLY-BACKUP 2\n'), bytes]), 'newer Dragonfly'],
    ['schema', withHeader({ migration: header.migration + 1 }), 'newer Dragonfly'],
    ['checksum', withHeader({ files: [{ ...database, sha256: '0'.repeat(64) }, key] }), 'checksum'],
    ['surplus', withHeader({ files: [database, { ...key, sizeBytes: key.sizeBytes - 1 }] }), 'checksum'],
    ['name', withHeader({ files: [database, { ...key, name: '../../key' }] }), 'header'],
  ]
  const before = await listData()
  for (const [name, content, sentence] of cases) {
    await writeFile(join(dir, 'bad.backup'), content)
    await expect(restore('bad.backup'), name).rejects.toThrow(sentence)
  }
  expect(await listData()).toEqual(before)
})

it('ends a restore that was cut off between any two steps', async () => {
  for (let cut = 0; cut < 3; cut++) {
    const folder = join(dir, `cut-${cut}`)
    const staged = join(folder, '.restore-x')
    await mkdir(staged, { recursive: true })
    for (const name of ['dragonfly.db', 'dragonfly.db-wal', 'secrets.key'])
      await writeFile(join(folder, name), `old ${name}`)
    for (const name of ['dragonfly.db', 'secrets.key']) await writeFile(join(staged, name), `new ${name}`)
    await writeFile(join(folder, 'not-a-folder'), '')
    // It fails once it has committed: the old files have nowhere to go.
    await expect(commitRestore(folder, staged, 'not-a-folder/kept')).rejects.toThrow()
    await rm(join(folder, 'not-a-folder'))
    await mkdir(join(folder, 'not-a-folder', 'kept'), { recursive: true })
    if (cut > 0) await rename(join(folder, 'dragonfly.db'), join(folder, 'not-a-folder/kept/dragonfly.db'))
    if (cut > 1) await rename(join(folder, 'restore-ready/dragonfly.db'), join(folder, 'dragonfly.db'))
    if (cut > 1)
      await rename(join(folder, 'dragonfly.db-wal'), join(folder, 'not-a-folder/kept/dragonfly.db-wal'))
    await finishRestore(folder)
    await finishRestore(folder)
    for (const name of ['dragonfly.db', 'secrets.key']) {
      expect(await readFile(join(folder, name), 'utf8')).toBe(`new ${name}`)
      expect(await readFile(join(folder, 'not-a-folder/kept', name), 'utf8')).toBe(`old ${name}`)
    }
    expect(existsSync(join(folder, 'dragonfly.db-wal'))).toBe(false)
    expect(existsSync(join(folder, 'restore-ready'))).toBe(false)
  }
})

it('does not start on a newer database, nor beside another server', async () => {
  await start()
  await expect(claimDataFolder(dataDir, 0)).rejects.toThrow('another Dragonfly server runs on')
  await stop()
  const client = createClient({ url: `file:${join(dataDir, 'dragonfly.db')}` })
  await client.execute("insert into __drizzle_migrations (hash, created_at) values ('x', 9999999999999)")
  client.close()
  const refused = await dragonfly('serve', '--port', '0')
  expect(refused.code).toBe(1)
  expect(refused.said).toBe(
    'dragonfly: the database was written by a newer Dragonfly: start that version or a newer one, or restore a backup that this version made\n',
  )
})

it('brings an administrator back who lost everything, while the server runs', async () => {
  const running = await start()
  const { db } = running.deps
  await db.run(sql`update user set two_factor_enabled = 1`)
  await expect(runAdministrator(['reset-factors', 'eve@example.com'], { data: dataDir })).rejects.toThrow(
    'no active administrator',
  )
  const reset = await dragonfly('administrator', 'reset-factors', email, '--public-url', running.url)
  expect(reset.code).toBe(0)
  const token = /#(\S+)/.exec(reset.said)?.[1] ?? ''
  const accepted = await fetch(`${running.url}/api/v1/invitations/read`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: running.url },
    body: JSON.stringify({ token }),
  })
  expect([accepted.status, token.startsWith('dfr_')]).toEqual([200, true])
  expect(await db.all(sql`select two_factor_enabled from user`)).toEqual([{ two_factor_enabled: 0 }])
  expect(
    await db.all(sql`select operation, subject from audit_log where actor_kind = 'server'`),
  ).toHaveLength(1)
})
