import { type HttpBindings, upgradeWebSocket } from '@hono/node-server'
import { type Network, parseAddress } from '../../addresses.ts'
import type { Database, Deps } from '../../deps.ts'
import { createAuditLog } from '../../features/audit/log.ts'
import { createConsoleHub } from '../../features/consoles/hub.ts'
import { createDoor } from '../../features/front-door/policy.ts'
import { loadSigner } from '../../features/orders/signer.ts'
import { createAuth } from '../../features/people/auth.ts'
import { readOrCreateSetting } from '../../features/settings/settings.ts'
import { needsAdministrator } from '../../features/setup/service.ts'
import { createCoalesce } from '../../features/sites/coalesce.ts'
import { announceSite } from '../../features/sites/site-version.ts'
import { createCode, createId, createToken } from '../../ids.ts'
import { createMetrics } from '../../metrics.ts'
import { createOriginPolicy } from '../../origin.ts'
import type { BundleSource, Clock, LocalConnections, Secrets } from '../../ports/index.ts'
import { createRateLimiter } from '../../rate-limit.ts'
import { createTries } from '../../tries.ts'
import { createWebText } from '../../web-text.ts'
import { createAssetFiles } from './asset-files.ts'
import { createEdgeConnections, createLiveEvents, createLiveValues, createReplayGuard } from './memory.ts'
import { scryptHasher } from './password-hasher.ts'
import { createSockets } from './sockets.ts'

/** A site's edges fetch its whole state each time. */
const announceEveryMs = 1000

export interface NodeDepsOptions {
  db: Database
  secrets: Secrets
  publicUrl: string
  bundle: BundleSource
  siteDir: string
  trustedProxies?: readonly Network[] | undefined
  metricsToken?: string | undefined
  clock?: Clock
  logError: (message: string, error: unknown) => void
}

export type NodeDeps = Deps & { connections: LocalConnections }

/** Everything that the features need, as Node gives it. */
export async function createNodeDeps(options: NodeDepsOptions): Promise<NodeDeps> {
  const { db, secrets, publicUrl, logError } = options
  const clock = options.clock ?? Date.now
  const origins = createOriginPolicy(publicUrl)
  const replay = createReplayGuard(clock)
  const sealedSecret = await readOrCreateSetting(db, 'session-secret', () => secrets.seal(createToken('')))
  const consoles = createConsoleHub()
  const connections = createEdgeConnections((edgeId) => consoles.dropEdge(edgeId))
  const coalesce = createCoalesce(announceEveryMs)
  const identity = {
    controlPlaneId: await readOrCreateSetting(db, 'control-plane-id', () => createId(clock())),
    generation: await readOrCreateSetting(db, 'generation', () => createId(clock())),
  }
  return {
    db,
    clock,
    auth: createAuth({
      db,
      origins,
      publicUrl,
      hasher: scryptHasher,
      clock,
      replay,
      secret: await secrets.open(sealedSecret),
    }),
    audit: createAuditLog(db),
    signer: await loadSigner(db, secrets),
    identity,
    origins,
    publicUrl: publicUrl.replace(/\/+$/, ''),
    door: createDoor(db, clock),
    peerAddress,
    trustedProxies: options.trustedProxies ?? [],
    metricsToken: options.metricsToken ?? null,
    setupCode: (await needsAdministrator(db)) ? createCode(2) : null,
    connections,
    consoles,
    announce: (siteId) =>
      coalesce(siteId, () => announceSite({ db, connections, identity, logError }, siteId)),
    live: createLiveEvents(logError),
    values: createLiveValues(),
    replay,
    secrets,
    bundle: options.bundle,
    assets: createAssetFiles(options.siteDir),
    limiter: createRateLimiter(clock),
    readWebText: createWebText(),
    tries: createTries(db, clock),
    metrics: createMetrics(),
    sockets: createSockets(upgradeWebSocket, connections),
    logError,
  }
}

/** The socket's other end. Headers are not looked at: anybody can send those. */
function peerAddress(env: unknown): string | null {
  const address = (env as Partial<HttpBindings> | undefined)?.incoming?.socket?.remoteAddress
  return address === undefined ? null : parseAddress(address)
}
