import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readServerOptions, renderGreeting, UsageError } from '../control-plane/src/platform/node/options.ts'
import {
  type RunningServer,
  type ServerOptions,
  startServer,
} from '../control-plane/src/platform/node/server.ts'
import { buildSite } from './build-site.ts'
import { root, runQuietly } from './steps.ts'

// Everything from a fresh clone: the portal is built, the control plane serves, an edge for this host joins as
// site "Local" with its network services off, and the boot bundle is built beside it.
const dataDir = process.env.DRAGONFLY_DATA ?? join(root, '.data')
const edgeMain = 'edge-agent/src/main.ts'
const edgeData = join(dataDir, 'edge')
const edgeRestartMs = 5000
const edgeConnectsWithinMs = 15_000
const childEndsWithinMs = 8000
const lastWords = 2000

const children = new Set<ChildProcess>()
let server: RunningServer | null = null
let stoppingAtMs: number | null = null

function start(args: string[], output: 'inherit' | 'pipe' = 'inherit'): ChildProcess {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', output, output] })
  children.add(child)
  child.on('exit', () => children.delete(child))
  return child
}

function exited(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)))
}

/** Null when this host's edge has not joined yet, or has lost its data. */
async function readLocalEdgeId(): Promise<string | null> {
  const args = [edgeMain, 'status', '--json', '--data', edgeData]
  const { code, output } = await runQuietly(process.execPath, args)
  if (code !== 0) return null
  const status: { edgeId?: string } = JSON.parse(output)
  return status.edgeId ?? null
}

async function joinLocalEdge(url: string, token: string): Promise<void> {
  const code = await exited(start([edgeMain, 'join', url, token, '--data', edgeData, '--force']))
  if (code !== 0 && stoppingAtMs === null)
    console.error('This host’s own edge could not join; the portal works, and edges elsewhere can join it.')
}

function runEdge(): void {
  start([edgeMain, 'run', '--data', edgeData]).on('exit', (code) => {
    if (stoppingAtMs !== null) return
    console.error(`This host’s edge ended (code ${code}); starting it again in ${edgeRestartMs / 1000} s.`)
    setTimeout(() => stoppingAtMs ?? runEdge(), edgeRestartMs)
  })
}

/** Quiet, so that what the person is to read stays on the screen; an edge and the portal say how it fares. */
async function buildBundle({ noteBundleBuild }: RunningServer): Promise<void> {
  const message = 'It takes a few minutes the first time. Machines can netboot when it is done.'
  noteBundleBuild({ status: 'building', version: null, message })
  const child = start(['edge-agent/bundle/main.ts'], 'pipe')
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (part: Buffer) => {
      output = (output + part.toString()).slice(-lastWords)
    })
  }
  if ((await exited(child)) === 0 || stoppingAtMs !== null) return noteBundleBuild(null)
  console.error(`The boot bundle could not be built, and machines can’t netboot yet:\n${output}`)
  const failed = 'The build ended with an error; the server’s terminal has its last lines.'
  noteBundleBuild({ status: 'failed', version: null, message: failed })
}

/** And a moment longer, for the edge to say so. */
async function untilConnected({ connectedEdges }: RunningServer): Promise<void> {
  const endMs = Date.now() + edgeConnectsWithinMs
  while (connectedEdges() === 0 && Date.now() < endMs && stoppingAtMs === null) await sleep(100)
  await sleep(300)
}

/** A second Ctrl-C ends it at once; npm hands on the first one, which the terminal has sent already. */
async function stop(): Promise<void> {
  if (stoppingAtMs !== null && Date.now() - stoppingAtMs > 1000) process.exit(1)
  if (stoppingAtMs !== null) return
  stoppingAtMs = Date.now()
  const ending = [...children]
  for (const child of ending) child.kill('SIGTERM')
  const patience = setTimeout(() => ending.forEach((child) => void child.kill('SIGKILL')), childEndsWithinMs)
  await Promise.all([server?.close(), ...ending.map(exited)])
  clearTimeout(patience)
  process.exit(0)
}

/** What is wrong with the environment, or a set-up file, is told before anything is built. */
function readOptions(): ServerOptions {
  try {
    return readServerOptions(process.env)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`dragonfly: ${error.message}`)
    process.exit(2)
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop())
const options = readOptions()
// What the person is to read stays on the screen; a log that is kept has everything.
if (process.stderr.isTTY) process.env.DRAGONFLY_LOG_LEVEL ||= 'warn'
await buildSite()
server = await startServer({ ...options, dataDir })
const local = await server.ensureLocalSite(await readLocalEdgeId())
if (local.token) await joinLocalEdge(`http://127.0.0.1:${server.port}`, local.token)
runEdge()
void buildBundle(server)
await untilConnected(server)
if (stoppingAtMs === null) console.log(`\n${renderGreeting(server)}\n`)
