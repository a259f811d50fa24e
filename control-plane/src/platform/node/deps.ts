import type { Log } from '@dragonfly/schema/log'
import { type HttpBindings, upgradeWebSocket } from '@hono/node-server'
import { type Network, parseAddress } from '../../addresses.ts'
import type { Database, Deps } from '../../deps.ts'
import { createOrder } from '../../features/audit/log.ts'
import { createConsoleHub } from '../../features/consoles/hub.ts'
import { createMachineList, createTurns } from '../../features/machines/machine-list.ts'
import { needsAdministrator } from '../../features/setup/service.ts'
import { createCoalesce } from '../../features/sites/coalesce.ts'
import { announceSite } from '../../features/sites/site-version.ts'
import { createCode } from '../../ids.ts'
import type {
  BundleSource,
  Clock,
  EdgeReleaseSource,
  LocalConnections,
  Secrets,
  UploadStore,
} from '../../ports/index.ts'
import { createRateLimiter } from '../../rate-limit.ts'
import { createDeps } from '../deps.ts'
import { noEdgeRelease } from '../no-edge-release.ts'
import { createAssetFiles } from './asset-files.ts'
import { createEdgeConnections, createLiveEvents, createLiveValues, createReplayGuard } from './memory.ts'
import { createSockets } from './sockets.ts'

/** A site's edges fetch its whole state each time. */
const announceEveryMs = 1000

export interface NodeDepsOptions {
  db: Database
  secrets: Secrets
  publicUrl: string
  bundle: BundleSource
  edgeRelease?: EdgeReleaseSource
  uploads: UploadStore | null
  siteDir: string
  trustedProxies?: readonly Network[] | undefined
  metricsToken?: string | undefined
  clock?: Clock
  /** Once it is aborted, nothing that was put off begins any more: the database is about to be closed. */
  stopping?: AbortSignal
  findHostProblems?: Deps['findHostProblems']
  log: Log
}

export type NodeDeps = Deps & {
  connections: LocalConnections
  /** Resolves when what edges have sent is handled. */
  settleSockets: () => Promise<void>
}

/** Everything that the features need, as Node gives it. */
export async function createNodeDeps(options: NodeDepsOptions): Promise<NodeDeps> {
  const { db, secrets, publicUrl, log } = options
  const clock = options.clock ?? Date.now
  const consoles = createConsoleHub()
  const connections = createEdgeConnections((edgeId) => consoles.dropEdge(edgeId))
  const coalesce = createCoalesce(announceEveryMs)
  const sockets = createSockets(upgradeWebSocket, connections)
  const deps: Deps = await createDeps({
    db,
    clock,
    secrets,
    publicUrl,
    peerAddress,
    trustedProxies: options.trustedProxies ?? [],
    metricsToken: options.metricsToken ?? null,
    setupCode: (await needsAdministrator(db)) ? createCode(2) : null,
    connections,
    consoles,
    announce: (siteId) =>
      coalesce(siteId, async () => options.stopping?.aborted || (await announceSite(deps, siteId))),
    // It looks every second.
    tendCommandsAt: async () => undefined,
    live: createLiveEvents(log),
    values: createLiveValues(),
    replay: createReplayGuard(clock),
    limiter: createRateLimiter(clock),
    machineList: createMachineList(createTurns()),
    auditInOrder: createOrder(),
    bundle: options.bundle,
    edgeRelease: options.edgeRelease ?? noEdgeRelease,
    uploads: options.uploads,
    assets: createAssetFiles(options.siteDir),
    sockets,
    ...(options.findHostProblems ? { findHostProblems: options.findHostProblems } : {}),
    log,
  })
  return Object.assign(deps, { connections, settleSockets: sockets.settled })
}

/** The socket's other end. Headers are not looked at: anybody can send those. */
function peerAddress(env: unknown): string | null {
  const address = (env as Partial<HttpBindings> | undefined)?.incoming?.socket?.remoteAddress
  return address === undefined ? null : parseAddress(address)
}
