import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCode } from '../control-plane/src/ids.ts'
import { takeFileLock } from '../control-plane/src/platform/node/file-lock.ts'
import { migrateDatabase } from '../control-plane/src/platform/node/migrate.ts'
import { type RunningSqld, startSqld } from '../control-plane/src/platform/node/sqld.ts'
import { buildWorkerAssets } from './build-worker-assets.ts'
import { root } from './steps.ts'

// The hosted control plane on this computer: workerd with wrangler.toml, and a libSQL server of its own. No account,
// no network.
const port = Number(process.env.PORT ?? 8787)
const dataDir = join(process.env.DRAGONFLY_DATA ?? join(root, '.data'), 'worker')
/** An address of this host that others can reach, if they are to. */
const host = process.env.HOST
/** A libSQL server that is there already; otherwise one is started. */
const givenDatabaseUrl = process.env.DRAGONFLY_DEV_DATABASE_URL
const url = process.env.DRAGONFLY_PUBLIC_URL ?? `http://${host ?? 'localhost'}:${port}`
const startsWithinMs = 120_000
const endsWithinMs = 8000
/** As long as one that was just told to stop may take. */
const lockPatienceMs = 10_000
const timersEveryMs = 60_000

let sqld: RunningSqld | null = null
let worker: ChildProcess | null = null
let isStopping = false

/** Kept, so that the next start opens the same database with the same key. */
async function readOrCreate(name: string, create: () => string): Promise<string> {
  const path = join(dataDir, name)
  await writeFile(path, `${create()}\n`, { mode: 0o600, flag: 'wx' }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    },
  )
  return (await readFile(path, 'utf8')).trim()
}

/** In a file for its owner alone: arguments can be read by everybody on this computer. */
async function writeSettings(databaseUrl: string): Promise<{ path: string; setupCode: string }> {
  const setupCode = await readOrCreate('setup-code', () => createCode(2))
  const settings = {
    DRAGONFLY_LOCAL: 'yes',
    DRAGONFLY_LOG_LEVEL: process.env.DRAGONFLY_LOG_LEVEL ?? '',
    DRAGONFLY_LOG_FORMAT: process.env.DRAGONFLY_LOG_FORMAT ?? (process.stdout.isTTY ? 'text' : 'json'),
    DRAGONFLY_PUBLIC_URL: url,
    DRAGONFLY_DATABASE_URL: databaseUrl,
    DRAGONFLY_SECRETS_KEY: await readOrCreate('secrets.key', () => randomBytes(32).toString('base64')),
    DRAGONFLY_SETUP_CODE: setupCode,
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name}="${value}"\n`)
  const path = join(dataDir, 'settings.env')
  await writeFile(path, lines.join(''), { mode: 0o600 })
  return { path, setupCode }
}

function startWorker(settingsPath: string): ChildProcess {
  const args = [
    join(root, 'node_modules/wrangler/bin/wrangler.js'),
    'dev',
    ...['--local', '--ip', host ?? '127.0.0.1', '--port', String(port), '--inspector-port', '0'],
    ...['--persist-to', join(dataDir, 'workerd'), '--env-file', settingsPath],
    ...['--show-interactive-dev-session=false', '--log-level', 'error'],
  ]
  const env = { ...process.env, CI: '1', WRANGLER_SEND_METRICS: 'false', NO_UPDATE_NOTIFIER: '1' }
  // A group of its own: a Ctrl-C reaches us alone, and we end it with all that it started.
  return spawn(process.execPath, args, {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  })
}

async function untilReady(): Promise<void> {
  const endMs = Date.now() + startsWithinMs
  while (Date.now() < endMs && !isStopping) {
    const answer = await fetch(`${url}/readyz`).catch(() => null)
    if (answer?.ok) return
    await answer?.body?.cancel()
    await sleep(250)
  }
  if (!isStopping) throw new Error(`the Worker did not become ready within ${startsWithinMs / 1000} s`)
}

/** Nothing here calls the cron trigger by itself. */
async function runTimers(): Promise<void> {
  while (!isStopping) {
    await callTimers().catch(() => null)
    await sleep(timersEveryMs, undefined, { ref: false })
  }
}

/** It answers to this computer's own name only, whatever address it listens on. */
async function callTimers(): Promise<void> {
  const path = '/cdn-cgi/local/scheduled'
  const asked = get({ host: host ?? 'localhost', port, path, headers: { host: 'localhost' } })
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  response.resume()
  await once(response, 'end')
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // It has ended by itself.
  }
}

async function stop(code: number): Promise<void> {
  if (isStopping) return
  isStopping = true
  if (worker && worker.exitCode === null) {
    const exited = once(worker, 'exit')
    signalGroup(worker, 'SIGTERM')
    await Promise.race([exited, sleep(endsWithinMs)])
  }
  // What it started and left behind.
  if (worker) signalGroup(worker, 'SIGKILL')
  await sqld?.close()
  process.exit(code)
}

async function start(): Promise<void> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  if (!(await takeFileLock(join(dataDir, 'dev-worker.lock'), lockPatienceMs)))
    throw new Error(`another dev:worker uses ${dataDir}: end it, or name another folder in DRAGONFLY_DATA`)
  await buildWorkerAssets()
  if (!givenDatabaseUrl) sqld = await startSqld({ dataDir: join(dataDir, 'database') })
  const databaseUrl = sqld?.url ?? givenDatabaseUrl ?? ''
  await migrateDatabase({ url: databaseUrl })
  const { path, setupCode } = await writeSettings(databaseUrl)
  worker = startWorker(path)
  worker.once('exit', () => void stop(1))
  await untilReady()
  const setup = (await (await fetch(`${url}/api/v1/setup`)).json()) as { needsAdministrator: boolean }
  console.log(`\nDragonfly is at ${url}, in workerd on a libSQL server (data in ${dataDir})`)
  if (setup.needsAdministrator) {
    console.log(`First administrator: open ${url} and enter the code ${setupCode}\n`)
  }
  void runTimers()
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0))
await start().catch(async (error: Error) => {
  console.error(`dev:worker: ${error.message}`)
  await stop(1)
})
