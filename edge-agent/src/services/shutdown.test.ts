import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { joinToken, startControlPlane, type TestControlPlane } from '../../test/control-plane.ts'
import { joinSite } from './join.ts'
import { openStore } from './store/store.ts'

// The real program, on a machine that may be busy. With interfaces that it serves: lab/test/edge-supervision.test.ts.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 })

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
let dataDir: string
let control: TestControlPlane
let child: ChildProcess | null = null

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'edge-shutdown-'))
  control = await startControlPlane()
  const joined = await joinSite({ url: control.url, token: joinToken, dataDir, force: false }, Date.now)
  expect(joined.kind).toBe('joined')
})
afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await control.close()
  await rm(dataDir, { recursive: true, force: true })
})

/** Runs until it is told to stop, once its log has a line that begins so; gives all its lines. */
async function runUntil(message: string, signal: NodeJS.Signals): Promise<Record<string, unknown>[]> {
  const running = spawn(process.execPath, [main, 'run'], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: { ...process.env, DRAGONFLY_EDGE_DATA: dataDir, DRAGONFLY_LOG_FORMAT: 'json' },
  })
  child = running
  const ended = once(running, 'close')
  const lines: Record<string, unknown>[] = []
  // What is no JSON fails the test: nothing else may be on standard error.
  for await (const text of createInterface({ input: running.stderr })) {
    const line: Record<string, unknown> = JSON.parse(text)
    lines.push(line)
    if (String(line.message).startsWith(message)) running.kill(signal)
  }
  expect(await ended).toEqual([0, null])
  return lines
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s ends it in order: what it saw is in its journal, and nothing is left behind',
  async (signal) => {
    // What is told is not acknowledged: it has to be kept.
    control.acknowledging = false
    const lines = await runUntil('Connected to', signal)
    expect(lines.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['edge.interfaces', 'Stopping.']),
    )
    expect(lines.at(-1)).toMatchObject({
      level: 'info',
      message: 'Stopped.',
      program: 'edge',
      process: 'supervisor',
      edgeId: expect.any(String),
      siteId: expect.any(String),
    })
    expect(lines.filter(({ level }) => level === 'error')).toEqual([])
    expect(await readdir(dataDir)).not.toContain('run.sock')
    const store = await openStore(dataDir)
    const kept = await store.rows("SELECT seq FROM journal WHERE type = 'edge.interfaces'")
    store.close()
    expect(kept).toHaveLength(1)
  },
)
