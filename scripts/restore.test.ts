import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { createBackup } from '../control-plane/src/platform/node/backup/create-backup.ts'
import { restoreBackup } from '../control-plane/src/platform/node/backup/restore-backup.ts'
import { type RunningServer, startServer } from '../control-plane/src/platform/node/server.ts'
import { freePort } from '../lab/src/product.ts'
import { edges, journals, sites } from '../schema/src/db/index.ts'
import { silentLog } from '../schema/src/log/index.ts'
import { root } from './steps.ts'

// A real edge runs, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000 })

const program = join(root, 'edge-agent', 'src', 'main.ts')

async function until<T>(what: string, read: () => Promise<T | null | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const found = await read()
    if (found) return found
    await sleep(100)
  }
  throw new Error(`waited in vain for ${what}`)
}

test('a real edge takes the state of a restored control plane, and tells it again what happened since', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'restore-test-'))
  const dataDir = join(scratch, 'control')
  const port = await freePort('127.0.0.1')
  const start = () =>
    startServer({
      port,
      host: '127.0.0.1',
      dataDir,
      bundleDir: join(scratch, 'no-bundle'),
      siteDir: join(scratch, 'no-site'),
      log: silentLog,
    })
  let control = await start()
  let edge: ChildProcess | null = null
  try {
    const { siteId } = await control.ensureLocalSite(null)
    const { token } = await control.createEnrolmentToken(siteId)
    const edgeDir = join(scratch, 'edge')
    const url = `http://127.0.0.1:${port}`
    await promisify(execFile)(process.execPath, [program, 'join', url, token, '--data', edgeDir])
    const file = join(scratch, 'one.backup')
    // Before it ever ran: all that it will tell is news to this copy.
    await createBackup({ dataDir, file, passphrase: null, now: Date.now() })

    edge = spawn(process.execPath, [program, 'run', '--data', edgeDir], { stdio: 'ignore' })
    const { seq } = await until('the edge’s first events', async () => readJournal(control))
    for (let change = 0; change < 5; change++) await raiseVersion(control)
    await control.close()
    control = await start()
    await until('the newest state to be in force', async () => isInForce(control))
    const before = await readVersion(control)
    await control.close()

    await restoreBackup({ dataDir, file, passphrase: null, now: Date.now() })
    control = await start()
    expect(await readVersion(control)).toBeLessThan(before)
    expect(await readJournal(control)).toBeNull()
    await until('the restored state to be in force', async () => isInForce(control))
    const replayed = await until('the events to come again', async () => readJournal(control))
    expect(replayed.seq).toBeGreaterThanOrEqual(seq)
    const [row] = await control.deps.db.select({ interfaces: edges.interfaces }).from(edges)
    expect(row?.interfaces.length).toBeGreaterThan(0)
  } finally {
    if (edge) {
      edge.kill('SIGTERM')
      if (edge.exitCode === null) await once(edge, 'exit')
    }
    await control.close()
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 })
  }
})

async function readJournal({ deps }: RunningServer): Promise<{ seq: number } | null> {
  const [row] = await deps.db.select({ seq: journals.seq }).from(journals)
  return row ?? null
}

async function readVersion({ deps }: RunningServer): Promise<number> {
  const [row] = await deps.db.select({ version: sites.stateVersion }).from(sites)
  return row?.version ?? 0
}

async function raiseVersion(control: RunningServer): Promise<void> {
  await control.deps.db.update(sites).set({ stateVersion: (await readVersion(control)) + 1 })
}

async function isInForce(control: RunningServer): Promise<boolean> {
  const [row] = await control.deps.db.select({ applied: edges.appliedVersion }).from(edges)
  return control.connectedEdges() === 1 && row?.applied === (await readVersion(control))
}
