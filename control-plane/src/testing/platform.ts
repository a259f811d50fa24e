import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { userSafety } from '@dragonfly/schema/db'
import { silentLog } from '@dragonfly/schema/log'
import type { ControlFrame, EdgeFrame } from '@dragonfly/schema/wire'
import { WebSocket } from 'ws'
import type { Database } from '../database.ts'
import { startServer } from '../platform/node/server.ts'
import { enrolWith, type TestEdge } from './harness.ts'

/** A control plane that is reached over the network, on one of the platforms that it runs on. */
export interface Platform {
  url: string
  setupCode: string
  db: Database
  /** What its secrets are sealed with. */
  secretsKey: Uint8Array<ArrayBuffer>
  /** Calls one of the platform's ports; a Map or a Set comes back as an array. */
  port<T>(port: string, method: string, ...args: unknown[]): Promise<T>
  /** What may sleep falls asleep, its sockets stay open. Nothing on Node, where nothing sleeps. */
  sleep(siteId: string): Promise<void>
  /** What is kept in memory is lost and its sockets are cut. On Node that is a restart, which is tried elsewhere. */
  evict: ((siteId: string) => Promise<void>) | null
  /** Whether what holds sites' tunnels can be called. Null on Node, where it is in the same process. */
  setSitesAway: ((isAway: boolean) => Promise<void>) | null
  /** Does what timers do. Nothing on Node, whose timers run. */
  runTimers(): Promise<void>
  close(): Promise<void>
}

export async function startNodePlatform(): Promise<Platform> {
  const dir = await mkdtemp(join(tmpdir(), 'dragonfly-platform-'))
  const server = await startServer({
    port: 0,
    host: '127.0.0.1',
    dataDir: join(dir, 'data'),
    bundleDir: join(dir, 'bundle'),
    siteDir: join(dir, 'site'),
    log: silentLog,
  })
  const ports: object = server.deps
  return {
    url: server.url,
    setupCode: server.setupCode ?? '',
    db: server.deps.db,
    secretsKey: Uint8Array.from(Buffer.from(await readFile(join(dir, 'data/secrets.key'), 'utf8'), 'base64')),
    async port<T>(port: string, method: string, ...args: unknown[]) {
      const found: unknown = Reflect.get(ports, port)
      const call = typeof found === 'function' ? found : Reflect.get(Object(found), method)
      const result: unknown = await call(...args)
      return (result instanceof Map || result instanceof Set ? [...result] : result) as T
    },
    sleep: async () => undefined,
    evict: null,
    setSitesAway: null,
    runTimers: async () => undefined,
    async close() {
      await server.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** Somebody who may do everything, on a platform that is new. */
export async function signIn(platform: Platform) {
  const { url, db, setupCode } = platform
  let cookie = ''
  async function call(method: string, path: string, body?: unknown) {
    const response = await fetch(url + path, {
      method,
      headers: {
        origin: url,
        ...(cookie ? { cookie } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = /json(;|$)/.test(response.headers.get('content-type') ?? '')
    // biome-ignore lint/suspicious/noExplicitAny: what an endpoint answers is what a test looks at
    const answer: any = isJson ? JSON.parse(text) : text
    return { status: response.status, body: answer, headers: response.headers }
  }
  const person = { name: 'Ada', email: 'ada@example.com', password: 'correct horse battery staple' }
  const answer = await call('POST', '/api/v1/setup/administrator', { code: setupCode, ...person })
  if (answer.status !== 201) throw new Error(JSON.stringify(answer.body))
  cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  await db.insert(userSafety).values({ userId: answer.body.userId, powerUntil: Number.MAX_SAFE_INTEGER })
  return { call, cookie: () => cookie }
}

export type Administrator = Awaited<ReturnType<typeof signIn>>

export async function enrolEdge({ call }: Administrator, siteId: string): Promise<TestEdge> {
  const { token } = (await call('POST', `/api/v1/sites/${siteId}/enrolment-tokens`)).body
  return enrolWith(call, token, Date.now)
}

/** A WebSocket whose JSON frames are waited for by their type. */
export interface Line<Frame extends { type: string }> {
  received: Frame[]
  closed: Promise<{ code: number; reason: string }>
  send(text: string | Buffer): void
  /** The first frame of a kind that has not been waited for yet. */
  next<T extends Frame['type']>(type: T): Promise<Extract<Frame, { type: T }>>
  close(): void
}

const frameWithinMs = 15_000

export async function openLine<Frame extends { type: string }>(
  platform: Platform,
  path: string,
  headers: Record<string, string>,
): Promise<Line<Frame>> {
  const socket = new WebSocket(platform.url.replace('http', 'ws') + path, { headers })
  const received: Frame[] = []
  const unseen: Frame[] = []
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) })),
  )
  socket.on('message', (data) => {
    const frame: Frame = JSON.parse(String(data))
    received.push(frame)
    unseen.push(frame)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('unexpected-response', (_request, response) =>
      reject(new Error(`HTTP status ${response.statusCode}`)),
    )
    socket.once('error', reject)
  })
  socket.on('error', () => undefined)
  return {
    received,
    closed,
    send: (text) => socket.send(text),
    async next(type) {
      const endMs = Date.now() + frameWithinMs
      while (Date.now() < endMs) {
        const index = unseen.findIndex((frame) => frame.type === type)
        const [found] = index < 0 ? [] : unseen.splice(index, 1)
        if (found) return found as Extract<Frame, { type: typeof type }>
        await sleep(5)
      }
      throw new Error(`no ${type} among ${JSON.stringify(received).slice(0, 500)}`)
    },
    close: () => socket.close(),
  }
}

export async function connectEdge(platform: Platform, edge: TestEdge): Promise<Line<ControlFrame>> {
  return openLine(platform, '/api/edge/v1/tunnel', { authorization: `Bearer ${await edge.token()}` })
}

export function helloText(change: Partial<Extract<EdgeFrame, { type: 'hello' }>> = {}): string {
  return JSON.stringify({
    type: 'hello',
    protocol: 1,
    version: '0.1.0',
    journalId: 'journal-1',
    generation: null,
    stateVersion: null,
    now: Date.now(),
    ...change,
  } satisfies EdgeFrame)
}

/** Connected, and welcome. */
export async function greetEdge(
  platform: Platform,
  edge: TestEdge,
  change: Partial<Extract<EdgeFrame, { type: 'hello' }>> = {},
) {
  const line = await connectEdge(platform, edge)
  line.send(helloText(change))
  return { line, welcome: await line.next('welcome') }
}
