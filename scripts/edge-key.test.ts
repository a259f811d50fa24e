import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, test, vi } from 'vitest'
import { startServer } from '../control-plane/src/platform/node/server.ts'
import { edges, sites } from '../schema/src/db/index.ts'
import { silentLog } from '../schema/src/log/index.ts'
import { root } from './steps.ts'

// A real edge runs, on a machine that may be busy.
vi.setConfig({ testTimeout: 180_000 })

const program = join(root, 'edge-agent', 'src', 'main.ts')

test('a real edge replaces its key when it is asked to, and comes back by the new one', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'edge-key-test-'))
  const control = await startServer({
    port: 0,
    host: '127.0.0.1',
    dataDir: join(scratch, 'control'),
    bundleDir: join(scratch, 'no-bundle'),
    siteDir: join(scratch, 'no-site'),
    log: silentLog,
  })
  const { db } = control.deps
  const read = async () => (await db.select().from(edges))[0]
  const until = async (what: string, isSo: () => Promise<boolean>): Promise<void> => {
    for (let tries = 0; tries < 1500; tries++) {
      if (await isSo()) return
      await sleep(100)
    }
    throw new Error(`waited in vain for ${what}`)
  }
  const inForce = async () => {
    const [site] = await db.select().from(sites)
    return control.connectedEdges() === 1 && (await read())?.appliedVersion === site?.stateVersion
  }
  let edge: ChildProcess | null = null
  try {
    const { siteId } = await control.ensureLocalSite(null)
    const { token } = await control.createEnrolmentToken(siteId)
    const edgeDir = join(scratch, 'edge')
    const url = `http://127.0.0.1:${control.port}`
    await promisify(execFile)(process.execPath, [program, 'join', url, token, '--data', edgeDir])
    edge = spawn(process.execPath, [program, 'run', '--data', edgeDir], { stdio: 'ignore' })
    await until('the edge', inForce)
    const before = await read()
    const [site] = await db.select().from(sites)
    await db.update(edges).set({ keyRequestedAt: Date.now() })
    await db.update(sites).set({ stateVersion: (site?.stateVersion ?? 0) + 1 })
    await control.deps.announce(siteId)
    await until('the new key', async () => (await read())?.fingerprint !== before?.fingerprint)
    await until('the edge by its new key', inForce)
    const after = await read()
    expect(after).toMatchObject({ edgeId: before?.edgeId, keyRequestedAt: null })
    expect(after?.keyChanges).toMatchObject([{ previous: before?.fingerprint }])
    // What is sealed to it is vouched for by the new key.
    expect(after?.sealingKey?.kid).toBe(before?.sealingKey?.kid)
    expect(after?.sealingKey?.signed).not.toBe(before?.sealingKey?.signed)
  } finally {
    if (edge) {
      edge.kill('SIGTERM')
      if (edge.exitCode === null) await once(edge, 'exit')
    }
    await control.close()
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 })
  }
})
