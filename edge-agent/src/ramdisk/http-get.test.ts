import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createHttpGet } from './http-get.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** A server that says what `answer` writes, once for each request; the connections it was given. */
async function serve(answer: (socket: Socket, request: string, connection: number) => void) {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const connection = sockets.push(socket)
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => answer(socket, bytes.toString('latin1'), connection))
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { sockets, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/chunks/a?b=c` }
}

const never = new AbortController().signal

/** Fetches once, to a place of its own; what came there. */
async function fetchOnce(url: string, get = createHttpGet(), signal = never) {
  let body = new Uint8Array(0)
  const answer = await get(
    url,
    (lengthBytes) => {
      body = new Uint8Array(lengthBytes + 8)
      return body
    },
    signal,
  )
  return { answer, text: Buffer.from(body).toString('latin1').replace(/\0+$/, '') }
}

test('takes a body that comes in pieces, its head cut anywhere, and asks for the path by its host', async () => {
  const bytes = Buffer.from('HTTP/1.1 200 OK\r\nServer: x\r\nCONTENT-length:  11 \r\n\r\nhello world')
  let asked = ''
  const { url, sockets } = await serve((socket, request) => {
    asked = request
    let at = 0
    const next = (): void => {
      if (at === bytes.length) return
      socket.write(bytes.subarray(at, at + 1), () => setImmediate(next))
      at++
    }
    next()
  })
  expect(await fetchOnce(url)).toEqual({ answer: { kind: 'ok', lengthBytes: 11 }, text: 'hello world' })
  expect(asked).toBe(
    `GET /chunks/a?b=c HTTP/1.1\r\nHost: ${new URL(url).host}\r\nConnection: keep-alive\r\n\r\n`,
  )
  for (const socket of sockets) socket.destroy()
})

test('keeps a connection for the next request, and opens another for one meanwhile', async () => {
  const { url, sockets } = await serve((socket, _request, connection) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${connection}`)
  })
  const get = createHttpGet()
  expect((await fetchOnce(url, get)).text).toBe('1')
  expect((await fetchOnce(url, get)).text).toBe('1')
  expect((await Promise.all([fetchOnce(url, get), fetchOnce(url, get)])).map(({ text }) => text)).toEqual(
    expect.arrayContaining(['1', '2']),
  )
  for (const socket of sockets) socket.destroy()
})

test('does not keep a connection that the server wants closed', async () => {
  const { url } = await serve((socket, _request, connection) => {
    socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\n${connection}`)
  })
  const get = createHttpGet()
  expect((await fetchOnce(url, get)).text).toBe('1')
  expect((await fetchOnce(url, get)).text).toBe('2')
})

test.each([
  ['HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno', { kind: 'status', status: 404 }],
  ['SSH-2.0-OpenSSH_9.2\r\n\r\n', { kind: 'unreachable', detail: 'the answer is not HTTP' }],
  [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
    { kind: 'unreachable', detail: 'the answer does not say how long it is' },
  ],
  [
    'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
    { kind: 'unreachable', detail: 'the answer does not say how long it is' },
  ],
  [
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab',
    { kind: 'unreachable', detail: 'the answer is longer than it says' },
  ],
  [`HTTP/1.1 200 ${'a'.repeat(20_000)}`, { kind: 'unreachable', detail: 'the answer’s head is too long' }],
])('refuses %j', async (text, answer) => {
  const { url, sockets } = await serve((socket) => socket.write(text))
  expect((await fetchOnce(url)).answer).toEqual(answer)
  for (const socket of sockets) socket.destroy()
})

test('a body that breaks off is none', async () => {
  const { url } = await serve((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'))
  expect((await fetchOnce(url)).answer).toEqual({ kind: 'unreachable', detail: 'the connection broke off' })
})

test('a body with no place for it is not taken', async () => {
  const { url } = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n'))
  expect(await createHttpGet()(url, () => null, never)).toEqual({ kind: 'too-large' })
})

test('a server that falls silent is given up', async () => {
  const { url, sockets } = await serve((socket) =>
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na'),
  )
  const { answer } = await fetchOnce(url, createHttpGet(50))
  expect(answer).toEqual({ kind: 'unreachable', detail: 'nothing came for 0.05 s' })
  for (const socket of sockets) socket.destroy()
})

test('after an abort nothing is put to the place', async () => {
  const abort = new AbortController()
  const closed = Promise.withResolvers<void>()
  const { url } = await serve((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\na')
    socket.once('close', () => closed.resolve())
  })
  const body = new Uint8Array(5)
  const place = (): Uint8Array => {
    setImmediate(() => abort.abort())
    return body
  }
  const stopped = { kind: 'unreachable', detail: 'it was stopped' }
  expect(await createHttpGet()(url, place, abort.signal)).toEqual(stopped)
  await closed.promise
  expect([...body]).toEqual([97, 0, 0, 0, 0])
  expect(await createHttpGet()(url, () => expect.unreachable(), abort.signal)).toEqual(stopped)
})
