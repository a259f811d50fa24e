import { env } from 'cloudflare:workers'
import { inject } from 'vitest'
import type { Deps } from '../deps.ts'
import { atOnce } from '../features/audit/log.ts'
import { createConsoleHub } from '../features/consoles/hub.ts'
import { createMachineList } from '../features/machines/machine-list.ts'
import { needsAdministrator } from '../features/setup/service.ts'
import { createCoalesce } from '../features/sites/coalesce.ts'
import { announceSite } from '../features/sites/site-version.ts'
import { createCode } from '../ids.ts'
import { createDeps } from '../platform/deps.ts'
import { noEdgeRelease } from '../platform/no-edge-release.ts'
import {
  createEdgeConnections,
  createLiveEvents,
  createLiveValues,
  createReplayGuard,
} from '../platform/node/memory.ts'
import { createSecrets } from '../platform/secrets.ts'
import { createBoundAssets } from '../platform/worker/assets.ts'
import { createBoundBundle } from '../platform/worker/bundle.ts'
import { connectingAddress } from '../platform/worker/connecting-address.ts'
import { openRemoteDatabase } from '../platform/worker/database.ts'
import { createUploadBucket } from '../platform/worker/upload-bucket.ts'
import { createRateLimiter } from '../rate-limit.ts'
import type { TestPlatform } from './test-deps.ts'

const announceEveryMs = 1000

/**
 * In workerd, on a libSQL server over HTTP. The ports that Durable Objects give are in memory here, for scripted edges
 * on the session itself: what the objects do is for the ports' own suites.
 */
export const createTestDeps: TestPlatform['createTestDeps'] = async (options) => {
  const { clock, log, publicUrl } = options
  const db = await openTestDatabase()
  const consoles = createConsoleHub()
  const connections = createEdgeConnections((edgeId) => consoles.dropEdge(edgeId))
  const coalesce = createCoalesce(announceEveryMs)
  const noSocket = () => Promise.reject(new Error('tests of the API open no socket'))
  const deps: Deps = await createDeps({
    db,
    clock,
    secrets: await createSecrets(crypto.getRandomValues(new Uint8Array(32))),
    publicUrl,
    peerAddress: connectingAddress,
    machineList: createMachineList((work) => work()),
    auditInOrder: atOnce,
    trustedProxies: options.trustedProxies ?? [],
    metricsToken: options.metricsToken ?? null,
    setupCode: (await needsAdministrator(db)) ? createCode(2) : null,
    connections,
    consoles,
    announce: (siteId) => coalesce(siteId, () => announceSite(deps, siteId)),
    tendCommandsAt: async () => undefined,
    live: createLiveEvents(log),
    values: createLiveValues(),
    replay: createReplayGuard(clock),
    limiter: createRateLimiter(clock),
    edgeRelease: noEdgeRelease,
    bundle: createBoundBundle(noAssets, null),
    uploads: createUploadBucket((env as { FILES: R2Bucket }).FILES),
    assets: createBoundAssets(noAssets, {
      migration: { tag: '', when: 0 },
      files: {},
      bundle: null,
      edgeRelease: null,
    }),
    sockets: { openTunnel: noSocket, openEvents: noSocket, openConsole: noSocket, openEdgeConsole: noSocket },
    log,
  })
  return Object.assign(deps, { connections })
}

const noAssets = { fetch: async () => new Response(null, { status: 404 }) }

/** A fork of the database that was brought up to date once for all tests. */
export const openTestDatabase: TestPlatform['openTestDatabase'] = async () => {
  const { url, adminUrl, template } = inject('libsql')
  const namespace = `t${crypto.randomUUID()}`
  const forked = await fetch(`${adminUrl}/v1/namespaces/${template}/fork/${namespace}`, { method: 'POST' })
  if (!forked.ok) throw new Error(`the test’s database could not be made: ${await forked.text()}`)
  const header = btoa(namespace).replaceAll('=', '')
  return openRemoteDatabase({
    url,
    fetch: (request) => {
      request.headers.set('x-namespace-bin', header)
      return fetch(request)
    },
  })
}

/** Cloudflare says it in a header, and overwrites what a client sent. */
export const comingFrom: TestPlatform['comingFrom'] = (address) => ({
  env: {},
  headers: { 'cf-connecting-ip': address },
})
