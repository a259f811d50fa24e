import { rm, writeFile } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Log } from '@dragonfly/schema/log'
import { maxFrameBytes } from '@dragonfly/schema/wire'
import { createAdaptorServer, type ServerType, type WebSocketServerLike } from '@hono/node-server'
import { WebSocketServer } from 'ws'
import type { Network } from '../../addresses.ts'
import { type App, createApp } from '../../app.ts'
import type { Deps } from '../../deps.ts'
import { takeBundleVersion } from '../../features/bundle/bundle-version.ts'
import { applySetupFile } from '../../features/setup/apply-setup-file.ts'
import {
  createFirstAdministrator,
  needsAdministrator,
  releaseStaleClaim,
} from '../../features/setup/service.ts'
import type { SetupFile } from '../../features/setup/setup-file.ts'
import { ensureLocalSite } from '../../features/sites/local-site.ts'
import { createEnrolmentToken } from '../../features/sites/service.ts'
import { listTimedWork } from '../../timed-work.ts'
import { noEdgeRelease } from '../no-edge-release.ts'
import { type BundleBuild, createBundleFiles } from './bundle-files.ts'
import { claimDataFolder } from './data-folder.ts'
import { openServedDatabase, tryWriting } from './database.ts'
import { createNodeDeps } from './deps.ts'
import { createEdgeReleaseFiles } from './edge-release-files.ts'
import { startHeartbeat } from './heartbeat.ts'
import { createHostProblems } from './host-problems.ts'
import { createProcessLog } from './log.ts'
import { say } from './say.ts'
import { openSecrets } from './secrets.ts'
import { startTimers } from './timers.ts'
import { createUploadFiles } from './upload-files.ts'

export interface ServerOptions {
  /** 0 takes a free one. */
  port: number
  /** Address to listen on; all of them when left out. */
  host?: string | undefined
  dataDir: string
  bundleDir: string
  /** Packages of dragonfly-edge, to which edges can be updated. */
  packagesDir?: string | undefined
  /** The built portal. */
  siteDir: string
  /** Proxies whose X-Forwarded-For is believed. */
  trustedProxies?: readonly Network[] | undefined
  /** Opens /metrics without an account. */
  metricsToken?: string | undefined
  /** Where people and edges reach this server; `http://localhost:<port>` when left out. */
  publicUrl?: string | undefined
  /** The first administrator, for a start without a person. */
  administrator?: { email: string; password: string } | undefined
  /** What is set up without a person, where it was not before. */
  setupFile?: SetupFile | undefined
  /** How long requests that are under way may take once it is to stop. */
  stopWithinMs?: number | undefined
  log?: Log | undefined
}

export interface RunningServer {
  url: string
  port: number
  /** What the first administrator has to type; null when there is one. */
  setupCode: string | null
  createEnrolmentToken(siteId: string): Promise<{ token: string; expiresAt: number; command: string }>
  /** The site of this host; `token` null when the host's edge, `edgeId`, is enrolled there. */
  ensureLocalSite(edgeId: string | null): Promise<{ siteId: string; token: string | null }>
  connectedEdges(): number
  /** For tests in this process. */
  deps: Deps
  /** Tells people how a build of the boot bundle fares, until there is one. */
  noteBundleBuild(build: BundleBuild): void
  close(): Promise<void>
}

/** Starts the control plane in this process. Rejects when the port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const log = options.log ?? createProcessLog()
  let app: App | null = null
  const sockets = new WebSocketServer({ noServer: true, maxPayload: maxFrameBytes })
  const server = createAdaptorServer({
    fetch: (request, env) => app?.fetch(request, env) ?? new Response('starting\n', { status: 503 }),
    serverOptions: {
      // Another protocol is not taken up, which HTTP allows (RFC 9110 section 7.8): the adapter would leave the
      // socket to nobody, and a client that resets it would end this process.
      shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket',
    },
    // ws is what the adapter is made for; only the two packages' types differ in details.
    websocket: { server: sockets as unknown as WebSocketServerLike },
  })
  const port = await listen(server, options.port, options.host)
  const publicUrl = options.publicUrl ?? `http://localhost:${port}`
  let releaseFolder = () => {}
  let closeDatabase = async () => {}
  const stopping = new AbortController()
  try {
    releaseFolder = await claimDataFolder(options.dataDir)
    const { db, close } = await openServedDatabase(options.dataDir)
    closeDatabase = close
    const secrets = await openSecrets(options.dataDir)
    await releaseStaleClaim(db)
    const bundle = createBundleFiles(options.bundleDir, log)
    const { packagesDir } = options
    const edgeRelease = packagesDir ? createEdgeReleaseFiles(packagesDir, log) : noEdgeRelease
    const uploads = createUploadFiles(join(options.dataDir, 'uploads'))
    const { signal } = stopping
    const parts = { bundle, edgeRelease, uploads }
    const deps = await createNodeDeps({
      ...{ ...options, ...parts, db, secrets, publicUrl, log },
      stopping: signal,
      findHostProblems: await createHostProblems(options.dataDir, () => tryWriting(db)),
    })
    await addAdministrator(deps, options.administrator)
    if (options.setupFile) {
      // Not to the log: a link for somebody may be among it.
      await applySetupFile(deps, options.setupFile, { say, writeSecret })
    }
    await takeBundleVersion(deps)
    const stopTimers = startTimers(listTimedWork(deps, 'kept'), log)
    const stopHeartbeat = startHeartbeat(sockets)
    app = createApp(deps)
    return {
      url: deps.publicUrl,
      port,
      setupCode: deps.setupCode,
      createEnrolmentToken: (siteId) => createEnrolmentToken(deps, siteId),
      ensureLocalSite: (edgeId) => ensureLocalSite(deps, edgeId),
      deps,
      connectedEdges: () => deps.connections.count(),
      noteBundleBuild(build) {
        bundle.noteBuild(build)
        deps.live.publish([{ type: 'changed', entity: 'setup', id: 'bundle' }])
      },
      async close() {
        stopping.abort()
        stopHeartbeat()
        const timersEnded = stopTimers()
        // Going away (RFC 6455 section 7.4.1): edges and browsers come back by themselves.
        for (const socket of sockets.clients) socket.close(1001, 'the control plane stops')
        const cutSockets = () => sockets.clients.forEach((socket) => void socket.terminate())
        await closeServer(server, options.stopWithinMs ?? usualStopMs, cutSockets)
        await Promise.all([timersEnded, deps.settleSockets()])
        await closeDatabase()
        releaseFolder()
      },
    }
  } catch (error) {
    await closeDatabase()
    releaseFolder()
    await closeServer(server, 0)
    throw error
  }
}

/** For its owner alone, whoever wrote the file before. */
async function writeSecret(path: string, text: string): Promise<void> {
  await rm(path, { force: true })
  await writeFile(path, text, { mode: 0o600, flag: 'wx' })
}

async function addAdministrator(deps: Deps, administrator: ServerOptions['administrator']): Promise<void> {
  if (!administrator || !(await needsAdministrator(deps.db))) return
  await createFirstAdministrator(deps, { name: 'Administrator', ...administrator })
  deps.setupCode = null
}

function listen(server: ServerType, port: number, host: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/** A laptop that sleeps never answers. */
const socketGraceMs = 2000
/** Who stops a service waits for 10 seconds (containers) or longer. */
const usualStopMs = 8000
const idleLookMs = 50

/** Takes no more connections; lets WebSockets and requests that are under way end, for a while. */
function closeServer(
  server: ServerType,
  withinMs: number,
  cutSockets: () => void = () => undefined,
): Promise<void> {
  const http = server as Server
  return new Promise((resolve) => {
    const timers = [
      setTimeout(cutSockets, socketGraceMs),
      setTimeout(() => http.closeAllConnections(), withinMs),
      // One that was answered meanwhile would wait for a next request.
      setInterval(() => http.closeIdleConnections(), idleLookMs),
    ]
    http.close(() => {
      for (const timer of timers) clearTimeout(timer)
      resolve()
    })
    http.closeIdleConnections()
  })
}
