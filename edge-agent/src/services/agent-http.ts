import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Log } from '@dragonfly/schema/log'
import { ramdiskLinkPath, type SiblingStatus } from '@dragonfly/schema/wire'
import { listen } from './http-listen.ts'
import { plainAddress } from './ramdisk-link/link.ts'
import type { Unready } from './readiness.ts'
import type { Thing } from './siblings/siblings.ts'

export interface AgentHttpRoutes {
  log: Log
  upgradeRamdisk: (request: IncomingMessage, socket: Duplex, head: Buffer) => void
  /** False for an unknown deployment or token. */
  phoneHome: (report: {
    deploymentId: string
    token: string
    address: string | null
    body: string
  }) => Promise<boolean>
  /** Nothing when it is ready. */
  findUnready: () => Unready[]
  /** How this edge stands with an image, or a version of the boot bundle: for the other edges of its site. */
  standing: (thing: Thing) => SiblingStatus
  metrics: () => string
}

/** The supervisor's HTTP side for machines: ramdisk link, phone-home, health and metrics. */
export interface AgentHttp {
  port: number
  close(): Promise<void>
}

const largestBody = 64 * 1024

interface Asked {
  request: IncomingMessage
  response: ServerResponse
  routes: AgentHttpRoutes
  /** What the path's groups matched. */
  parts: readonly string[]
}

/** Everything that is answered, and by which path; whatever is not in here is not found. */
export const agentHttpRoutes = {
  health: {
    path: /^\/healthz$/,
    methods: ['GET', 'HEAD'],
    serve: ({ response }: Asked) => answer(response, 200, 'ok\n'),
  },
  readiness: {
    path: /^\/readyz$/,
    methods: ['GET', 'HEAD'],
    serve: ({ response, routes }: Asked) => answerReadiness(response, routes.findUnready()),
  },
  metrics: {
    path: /^\/metrics$/,
    methods: ['GET', 'HEAD'],
    serve: ({ response, routes }: Asked) =>
      answer(response, 200, routes.metrics(), 'text/plain; version=0.0.4; charset=utf-8'),
  },
  imageStanding: {
    path: /^\/siblings\/v1\/images\/([A-Za-z0-9_-]{1,64})$/,
    methods: ['GET'],
    serve: ({ response, routes, parts: [imageId = ''] }: Asked) =>
      answerJson(response, routes.standing({ kind: 'image', imageId })),
  },
  bundleStanding: {
    path: /^\/siblings\/v1\/bundle\/([A-Za-z0-9_-]{1,64})$/,
    methods: ['GET'],
    serve: ({ response, routes, parts: [version = ''] }: Asked) =>
      answerJson(response, routes.standing({ kind: 'bundle', version })),
  },
  phoneHome: {
    path: /^\/phone-home\/([A-Za-z0-9_-]{1,64})\/([A-Za-z0-9_-]{1,200})$/,
    methods: ['GET', 'HEAD', 'POST'],
    serve: takePhoneHome,
  },
} as const

/** The same for WebSockets. */
export const agentUpgrades = {
  [ramdiskLinkPath]: (routes: AgentHttpRoutes) => routes.upgradeRamdisk,
}

export async function listenAgentHttp(
  routes: AgentHttpRoutes,
  port: number,
  host: string,
): Promise<AgentHttp> {
  const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
    logRequest(request, response, routes.log)
    route(request, response, routes).catch((error: unknown) => {
      routes.log.error('A request failed.', { error })
      if (!response.headersSent) answer(response, 500, 'The edge failed to answer.\n')
    })
  })
  server.maxConnections = 4096
  server.on('upgrade', (request, socket, head) => {
    // Node hands the socket over without a listener: a client that resets it would end this process.
    socket.on('error', () => socket.destroy())
    const path = pathOf(request)
    if (isUpgrade(path)) return agentUpgrades[path](routes)(request, socket, head)
    socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n', () => socket.destroy())
  })
  await listen(server, port, host)
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** As the control plane answers: RFC 9457, with a reason for each check that failed. */
function answerReadiness(response: ServerResponse, found: readonly Unready[]): void {
  if (found.length === 0) {
    answer(response, 200, 'ok\n')
    return
  }
  const problem = {
    type: 'urn:dragonfly:problem:not-ready',
    title: 'Not available',
    status: 503,
    detail: found.map(({ check, message }) => `${check}: ${message}`).join(' '),
    code: 'not-ready',
    errors: found.map(({ check, message }) => ({ path: check, message })),
  }
  answer(response, 503, JSON.stringify(problem), 'application/problem+json')
}

/** A line for each answer but those to who looks after its health. Of a phone-home's path, its token is left out. */
function logRequest(request: IncomingMessage, response: ServerResponse, log: Log): void {
  const startedAt = performance.now()
  // Once it has ended, its socket may be gone.
  const address = plainAddress(request.socket.remoteAddress)
  const found = Object.entries(agentHttpRoutes).find(([, { path }]) => path.test(pathOf(request)))
  const deploymentId = found?.[0] === 'phoneHome' ? pathOf(request).split('/')[2] : undefined
  response.once('finish', () => {
    const durationMs = Math.round((performance.now() - startedAt) * 10) / 10
    const { method } = request
    const fields = {
      method,
      route: found?.[0] ?? 'unknown',
      status: response.statusCode,
      durationMs,
      deploymentId,
    }
    log[deploymentId ? 'info' : 'debug'](`${method} ${fields.route} ${fields.status}`, { ...fields, address })
  })
}

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  routes: AgentHttpRoutes,
): Promise<void> {
  const path = pathOf(request)
  for (const { path: pattern, methods, serve } of Object.values(agentHttpRoutes)) {
    const match = pattern.exec(path)
    const isServed = methods.some((method) => method === request.method)
    if (match && isServed) return serve({ request, response, routes, parts: match.slice(1) })
  }
  answer(response, 404, 'Not found.\n')
}

const isUpgrade = (path: string): path is keyof typeof agentUpgrades => Object.hasOwn(agentUpgrades, path)

async function takePhoneHome({ request, response, routes, parts }: Asked): Promise<void> {
  const body = await readBody(request)
  if (body === null) return answer(response, 413, 'Too much.\n')
  const [deploymentId = '', token = ''] = parts
  const address = plainAddress(request.socket.remoteAddress) || null
  const isKnown = await routes.phoneHome({ deploymentId, token, address, body })
  return isKnown ? answer(response, 200, 'Thank you.\n') : answer(response, 404, 'Not found.\n')
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/'
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const parts: Buffer[] = []
  let total = 0
  for await (const part of request) {
    total += (part as Buffer).length
    if (total > largestBody) return null
    parts.push(part as Buffer)
  }
  return Buffer.concat(parts).toString('utf8')
}

function answerJson(response: ServerResponse, value: unknown): void {
  answer(response, 200, JSON.stringify(value), 'application/json')
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain'): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
