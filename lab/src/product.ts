import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { ApiClient, waitUntil } from './api.ts'
import type { CommandResult } from './command.ts'
import type { Lab } from './lab.ts'
import { repositoryRoot } from './paths.ts'
import { killWithDescendants } from './process-tree.ts'
import { recordProcess } from './state.ts'

export const edgeProgram = join(repositoryRoot, 'edge-agent', 'src', 'main.ts')
export const controlPlaneProgram = join(repositoryRoot, 'control-plane', 'src', 'platform', 'node', 'main.ts')

const workerProgram = join(repositoryRoot, 'scripts', 'dev-worker.ts')

export const administrator = { email: 'ada@rack.example', password: randomBytes(12).toString('hex') }

/** The real product around a lab: a control plane on this host, and an edge beside the machines. */
export interface Product {
  /** Signed in as the administrator. */
  api: ApiClient
  siteId: string
  edgeId: string
  controlPlane: ControlPlane
  edge: RunningEdge
  stop(): Promise<void>
}

/** A TCP port that nobody listens on at the moment. */
export function freePort(address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, address, () => {
      const bound = server.address()
      server.close(() => resolve(bound && typeof bound === 'object' ? bound.port : 0))
    })
  })
}

/** Fails at once when the process behind a wait has ended, with the end of its log. */
async function complainIfEnded(child: ChildProcess, what: string, log: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) return
  const said = (await readFile(log, 'utf8')).split('\n').slice(-15).join('\n')
  throw new Error(`${what} ended (${child.exitCode ?? child.signalCode}); it said last:\n${said}`)
}

export interface ControlPlaneOptions {
  /** False: nobody may sign in yet; the server prints the code for its first administrator. */
  withAdministrator?: boolean
}

/** A control plane of a lab. It is gone, and comes back at the same address with the same data, as often as told. */
export interface ControlPlane {
  url: string
  log: string
  /** Resolves when it answers. */
  start(): Promise<void>
  /** Ends it as a power cut would. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Starts a control plane with empty data, on an address that the lab's edge can reach. */
export async function startControlPlane(lab: Lab, options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { DRAGONFLY_ADMIN_EMAIL: _email, DRAGONFLY_ADMIN_PASSWORD: _password, ...environment } = process.env
  const { email, password } = administrator
  return startProgram(lab, {
    argv: [controlPlaneProgram, 'serve'],
    cwd: lab.state.dir,
    dataDir: join(lab.state.dir, 'control-plane'),
    environment: {
      ...environment,
      ...(options.withAdministrator === false
        ? {}
        : { DRAGONFLY_ADMIN_EMAIL: email, DRAGONFLY_ADMIN_PASSWORD: password }),
    },
    startsWithinMs: 300_000,
  })
}

/** The same in workerd on a libSQL server (`npm run dev:worker`), with its first administrator. */
async function startWorker(lab: Lab, databaseUrl: string | undefined): Promise<ControlPlane> {
  const dataDir = join(lab.state.dir, 'control-plane')
  const controlPlane = await startProgram(lab, {
    argv: [workerProgram],
    cwd: repositoryRoot,
    dataDir,
    environment: databaseUrl ? { ...process.env, DRAGONFLY_DEV_DATABASE_URL: databaseUrl } : process.env,
    startsWithinMs: 300_000,
  })
  const code = (await readFile(join(dataDir, 'worker', 'setup-code'), 'utf8')).trim()
  const api = new ApiClient(controlPlane.url)
  await api.request('POST', '/api/v1/setup/administrator', { code, name: 'Ada', ...administrator })
  return controlPlane
}

interface Program {
  argv: string[]
  cwd: string
  dataDir: string
  environment: NodeJS.ProcessEnv
  startsWithinMs: number
}

async function startProgram(lab: Lab, program: Program): Promise<ControlPlane> {
  const address = lab.uplink.hostAddress
  const port = await freePort(address)
  const url = `http://${address}:${port}`
  const log = join(lab.state.dir, 'control-plane.log')
  const env = {
    ...program.environment,
    HOST: address,
    PORT: String(port),
    DRAGONFLY_DATA: program.dataDir,
    DRAGONFLY_PUBLIC_URL: url,
  }
  let child: ChildProcess | undefined
  const start = async (): Promise<void> => {
    const output = openSync(log, 'a')
    const started = spawn(process.execPath, program.argv, {
      cwd: program.cwd,
      stdio: ['ignore', output, output],
      env,
    })
    child = started
    closeSync(output)
    if (started.pid !== undefined) await recordProcess(lab.state, started.pid, 'control plane')
    await waitUntil(
      'the control plane to answer',
      async () => {
        await complainIfEnded(started, 'the control plane', log)
        const response = await fetch(`${url}/readyz`).catch(() => undefined)
        return response?.ok || undefined
      },
      program.startsWithinMs,
    )
  }
  await start()
  const kill = async (): Promise<void> => {
    if (!child?.pid) return
    // Wrangler has workerd in a process of its own.
    await killWithDescendants(child.pid)
    await endChild(child, 'SIGKILL')
  }
  const stop = async (): Promise<void> => {
    if (child) await endChild(child, 'SIGTERM')
  }
  return { url, log, start, kill, stop }
}

export function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill(signal)
  })
}

/** Where a lab's edge keeps what it has. */
export function edgeDataDir(lab: Lab): string {
  return join(lab.state.dir, 'edge')
}

/** Runs the command line of `dragonfly-edge` in the lab's edge host, to its end. */
export function execEdge(lab: Lab, argv: readonly string[]): Promise<CommandResult> {
  const env = { ...process.env, DRAGONFLY_EDGE_DATA: edgeDataDir(lab) }
  return lab.exec('edge', [process.execPath, edgeProgram, ...argv], { env })
}

export interface RunningEdge {
  log: string
  /** False once its supervisor has ended. */
  isRunning(): boolean
  /** Ends its supervisor by SIGKILL; what that leaves behind goes on. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Runs an edge that has joined, in the lab's edge host. */
export async function runEdgeAgent(lab: Lab, environment: NodeJS.ProcessEnv = {}): Promise<RunningEdge> {
  const log = join(lab.state.dir, 'edge.log')
  const output = openSync(log, 'a')
  const child = await lab.spawn('edge', [process.execPath, edgeProgram, 'run'], {
    stdio: ['ignore', output, output],
    env: { ...process.env, DRAGONFLY_EDGE_DATA: edgeDataDir(lab), ...environment },
  })
  closeSync(output)
  return {
    log,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    kill: () => endChild(child, 'SIGKILL'),
    stop: () => endChild(child, 'SIGTERM'),
  }
}

/** Enrols `dragonfly-edge` in the lab's edge host with a token, and runs it there. */
async function startEdgeAgent(
  lab: Lab,
  url: string,
  token: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<RunningEdge> {
  const joined = await execEdge(lab, ['join', url, token])
  if (joined.exitCode !== 0) throw new Error(`dragonfly-edge join failed: ${joined.stderr}`)
  return runEdgeAgent(lab, environment)
}

export interface ProductOptions {
  /** Environment variables of the edge. */
  edgeEnvironment?: NodeJS.ProcessEnv
  /** The control plane runs in workerd, on a libSQL server: on this one (its URL), or on one of its own. */
  inWorkerd?: boolean | string
  /** Where the edge reaches the control plane, if not at its own address: something stands in between. */
  edgeUrl?: (controlPlaneUrl: string) => Promise<string>
}

/**
 * Starts control plane and edge, makes a site, and switches network boot on for the lab's LAN. Resolves when the
 * edge holds the boot bundle and serves.
 */
export async function startProduct(lab: Lab, options: ProductOptions = {}): Promise<Product> {
  const { inWorkerd = false } = options
  const controlPlane = inWorkerd
    ? await startWorker(lab, inWorkerd === true ? undefined : inWorkerd)
    : await startControlPlane(lab)
  const api = new ApiClient(controlPlane.url)
  await api.signIn(administrator.email, administrator.password)
  const { siteId } = await api.createSite('Virtual rack')
  const token = await api.createEnrolmentToken(siteId)
  const edgeUrl = (await options.edgeUrl?.(controlPlane.url)) ?? controlPlane.url
  const edge = await startEdgeAgent(lab, edgeUrl, token, options.edgeEnvironment)
  const online = await waitUntil(
    'the edge to be online and to name its interfaces',
    async () => {
      const [found] = await api.edges()
      const isKnown = found?.status === 'online' && found.interfaces.some((entry) => entry.name === 'eth0')
      return isKnown ? found : undefined
    },
    300_000,
  )
  await api.serveNetboot(online.edgeId, 'eth0')
  await waitUntil(
    'the edge to hold the boot bundle and to serve its LAN',
    async () => {
      const [found] = await api.edges()
      return found?.upToDate && found.bundleVersion !== null ? found : undefined
    },
    300_000,
  )
  const product: Product = {
    api,
    siteId,
    edgeId: online.edgeId,
    controlPlane,
    edge,
    stop: async () => {
      await product.edge.stop()
      await controlPlane.stop()
    },
  }
  return product
}
