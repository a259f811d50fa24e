import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@dragonfly/schema/log'
import { maxFrameBytes } from '@dragonfly/schema/wire'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type RunningServer, startServer } from './server.ts'

const password = 'correct horse battery staple'
let server: RunningServer
let cookie: string

beforeEach(async () => {
  const dir = await mkdtemp(join(tmpdir(), 'dragonfly-floods-'))
  server = await startServer({
    port: 0,
    host: '127.0.0.1',
    dataDir: join(dir, 'data'),
    bundleDir: join(dir, 'bundle'),
    siteDir: join(dir, 'site'),
    administrator: { email: 'ada@example.com', password },
    log: silentLog,
  })
  const signedIn = await fetch(`${server.url}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: server.url },
    body: JSON.stringify({ email: 'ada@example.com', password }),
  })
  cookie = (signedIn.headers.getSetCookie()[0] ?? '').split(';')[0] ?? ''
})
afterEach(() => server.close())

it('cuts a socket that sends a frame larger than any that it could want', async () => {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/events`, {
    headers: { cookie, origin: server.url },
  })
  socket.on('error', () => undefined)
  await once(socket, 'open')
  socket.send(Buffer.alloc(maxFrameBytes + 1))
  const [code] = await once(socket, 'close')
  expect([1006, 1009]).toContain(code)
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
})

it('gives one person so many sockets, and no more', async () => {
  const open = () =>
    new WebSocket(`${server.url.replace('http', 'ws')}/api/v1/events`, {
      headers: { cookie, origin: server.url },
    })
  const sockets: WebSocket[] = []
  for (let i = 0; i < 40; i++) {
    const socket = open()
    sockets.push(socket)
    await once(socket, 'open')
  }
  const refused = open()
  const [error] = await once(refused, 'error')
  expect(String(error)).toContain('429')
  sockets[0]?.close()
  await once(sockets[0] as WebSocket, 'close')
  // The server sees its end a little later.
  const tryAgain = () =>
    new Promise<boolean>((resolve) => {
      const again = open()
      sockets.push(again)
      again.once('open', () => resolve(true))
      again.once('error', () => resolve(false))
    })
  await expect.poll(tryAgain).toBe(true)
  for (const socket of sockets) socket.close()
})
