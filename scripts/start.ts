import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { readServerOptions, renderGreeting } from '../control-plane/src/platform/node/options.ts'
import { startServer } from '../control-plane/src/platform/node/server.ts'
import { buildSite } from './build-site.ts'
import { root } from './steps.ts'

// Everything from a fresh clone: the portal is built, the control plane serves, an edge for this host joins as
// site "Local" with its network services off, and the boot bundle is built beside it.
const dataDir = process.env.DRAGONFLY_DATA ?? join(root, '.data')
const edgeData = join(dataDir, 'edge')
const children = new Set<ChildProcess>()

function start(args: string[]): ChildProcess {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  children.add(child)
  child.on('exit', () => children.delete(child))
  return child
}

function exited(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => child.on('exit', (code) => resolve(code ?? 1)))
}

async function joinLocalEdge(url: string, token: string): Promise<void> {
  const code = await exited(
    start(['edge-agent/src/main.ts', 'join', url, token, '--data', edgeData, '--force']),
  )
  if (code !== 0)
    console.error('This host’s own edge could not join; the portal works, and edges elsewhere can join it.')
}

await buildSite()
const server = await startServer({ ...readServerOptions(process.env), dataDir })
console.log(renderGreeting(server))
const local = await server.ensureLocalSite()
if (local.token) await joinLocalEdge(`http://127.0.0.1:${server.port}`, local.token)
let stopping = false
runEdge()
void buildBundle()

async function buildBundle(): Promise<void> {
  const message = 'It takes a few minutes the first time. Machines can netboot when it is done.'
  server.noteBundleBuild({ status: 'building', version: null, message })
  const code = await exited(start(['edge-agent/bundle/main.ts']))
  const failed = 'The build ended with an error; the server’s terminal has its last lines.'
  server.noteBundleBuild(code === 0 || stopping ? null : { status: 'failed', version: null, message: failed })
}

function runEdge(): void {
  start(['edge-agent/src/main.ts', 'run', '--data', edgeData]).on('exit', (code) => {
    if (stopping) return
    console.error(`This host’s edge ended (code ${code}); starting it again in 5 s.`)
    setTimeout(runEdge, 5000)
  })
}

async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  for (const child of children) child.kill('SIGTERM')
  await server.close()
  process.exit(0)
}
process.on('SIGINT', () => void stop())
process.on('SIGTERM', () => void stop())
