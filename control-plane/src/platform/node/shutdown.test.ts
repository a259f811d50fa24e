import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { type Answer, enrolWith } from '../../testing/harness.ts'

// A program of its own each time, on a machine that may be busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 })

const program = fileURLToPath(new URL('./main.ts', import.meta.url))
const administrator = { email: 'ada@example.com', password: 'correct horse battery staple' }

interface Program {
  child: ChildProcess
  port: number
  /** Every line of its log. */
  lines: Record<string, unknown>[]
  /** Resolves when a line with this message has come. */
  said(message: string): Promise<void>
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

let dir: string
let running: Program
/** What was started, whether or not it said that it serves. */
let child: ChildProcess | null = null

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dragonfly-shutdown-'))
})
afterEach(async () => {
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await rm(dir, { recursive: true })
})

async function start(stopSeconds: number): Promise<Program> {
  const started = spawn(process.execPath, [program, 'serve', '--port', '0', '--host', '127.0.0.1'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      DRAGONFLY_DATA: join(dir, 'data'),
      DRAGONFLY_STOP_SECONDS: String(stopSeconds),
      DRAGONFLY_LOG_LEVEL: 'debug',
      DRAGONFLY_LOG_FORMAT: 'json',
      DRAGONFLY_ADMIN_EMAIL: administrator.email,
      DRAGONFLY_ADMIN_PASSWORD: administrator.password,
    },
  })
  child = started
  const lines: Record<string, unknown>[] = []
  const waiting = new Set<() => void>()
  // What is no JSON fails the test: nothing else may be on standard error.
  createInterface({ input: started.stderr }).on('line', (line) => {
    lines.push(JSON.parse(line))
    for (const look of waiting) look()
  })
  const ended = once(started, 'close').then(([code, signal]) => ({ code, signal }))
  const said = (message: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = () => void (lines.some((line) => line.message === message) && resolve())
      waiting.add(look)
      look()
      void ended.then(() => reject(new Error(`ended without "${message}": ${JSON.stringify(lines)}`)))
    })
  await said('serving')
  const { url } = lines.find(({ message }) => message === 'serving') ?? {}
  return { child: started, port: Number(new URL(String(url)).port), lines, said, ended }
}

/** A sign-in of which half is sent. */
function beginSignIn(): { asked: ClientRequest; answer: Promise<IncomingMessage>; rest: string } {
  const body = JSON.stringify(administrator)
  const asked = request({
    host: '127.0.0.1',
    port: running.port,
    method: 'POST',
    path: '/api/auth/sign-in/email',
    headers: {
      'content-type': 'application/json',
      'content-length': body.length,
      origin: `http://localhost:${running.port}`,
    },
  })
  asked.write(body.slice(0, 10))
  const answer = once(asked, 'response').then(([response]: IncomingMessage[]) => response as IncomingMessage)
  answer.catch(() => undefined)
  return { asked, answer, rest: body.slice(10) }
}

/** Answered by the server: by then it has what was sent before, on any connection. */
async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const origin = `http://localhost:${running.port}`
  return fetch(`http://127.0.0.1:${running.port}${path}`, { ...init, headers: { origin, ...init.headers } })
}

async function openTunnel(): Promise<{ closed: Promise<{ code: number }>; secrets: string[] }> {
  const json = { 'content-type': 'application/json' }
  const body = JSON.stringify(administrator)
  const signedIn = await ask('/api/auth/sign-in/email', { method: 'POST', headers: json, body })
  const cookie = signedIn.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const call = async (method: string, path: string, sent?: unknown): Promise<Answer> => {
    const answer = await ask(path, {
      method,
      headers: { ...json, cookie },
      ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
    })
    return { status: answer.status, body: await answer.json(), headers: answer.headers }
  }
  const { siteId } = (await call('POST', '/api/v1/sites', { name: 'Cellar' })).body
  const enrolment = (await call('POST', `/api/v1/sites/${siteId}/enrolment-tokens`)).body
  const edge = await enrolWith(call, enrolment.token, Date.now)
  const token = await edge.token()
  const socket = new WebSocket(`ws://127.0.0.1:${running.port}/api/edge/v1/tunnel`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const closed = once(socket, 'close').then(([code]: number[]) => ({ code: code ?? 0 }))
  await once(socket, 'open')
  return { closed, secrets: [administrator.password, cookie.split('=')[1] ?? cookie, token, enrolment.token] }
}

const refused = (): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(running.port, '127.0.0.1')
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
    socket.once('connect', () => reject(new Error('a connection was taken')))
  })

it('finishes what is asked, sends edges away so that they come back, takes nothing new, and ends well', async () => {
  running = await start(100)
  const { closed, secrets } = await openTunnel()
  const { asked, answer, rest } = beginSignIn()
  await once(asked, 'socket')
  expect((await ask('/healthz')).status).toBe(200)
  running.child.kill('SIGTERM')
  await running.said('stopping')
  expect(await closed).toEqual({ code: 1001 })
  expect(await refused()).toBe('ECONNREFUSED')
  asked.end(rest)
  const response = await answer
  expect(response.statusCode).toBe(200)
  let text = ''
  for await (const part of response) text += String(part)
  expect(JSON.parse(text)).toMatchObject({ user: { email: administrator.email } })
  expect(await running.ended).toEqual({ code: 0, signal: null })
  const messages = running.lines.map(({ message }) => message)
  expect(messages.at(-1)).toBe('stopped')
  expect(running.lines.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([])
  expect(messages).toContain('POST /api/auth/sign-in/email 200')
  const log = JSON.stringify(running.lines)
  for (const secret of secrets) expect(log).not.toContain(secret)
})

it('does not wait for ever for a request that never ends', async () => {
  running = await start(1)
  const { asked } = beginSignIn()
  await once(asked, 'socket')
  expect((await ask('/healthz')).status).toBe(200)
  const cut = once(asked, 'error')
  running.child.kill('SIGINT')
  await cut
  expect(await running.ended).toEqual({ code: 0, signal: null })
  expect(running.lines.at(-1)).toMatchObject({ message: 'stopped' })
})

it('ends at once on a second signal', async () => {
  running = await start(100)
  const { asked } = beginSignIn()
  asked.on('error', () => undefined)
  await once(asked, 'socket')
  expect((await ask('/healthz')).status).toBe(200)
  running.child.kill('SIGTERM')
  await running.said('stopping')
  running.child.kill('SIGTERM')
  expect(await running.ended).toEqual({ code: 1, signal: null })
  expect(running.lines.at(-1)).toMatchObject({ message: 'ended at once, by a second signal' })
})
