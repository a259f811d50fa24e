import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFileSender } from '../io/file-sender.ts'
import { loadLinuxCalls } from '../io/linux-calls.ts'
import { answerFile } from './http-file.ts'
import { httpTimeouts, limitConnections } from './http-limits.ts'

const bytes = randomBytes(9_000_001)
const folder = mkdtempSync(join(tmpdir(), 'dragonfly-http-file-'))
writeFileSync(join(folder, 'file'), bytes)
writeFileSync(join(folder, 'empty'), '')
afterAll(() => rmSync(folder, { recursive: true }))

const calls = await loadLinuxCalls()

describe.each([
  ['by buffers', undefined],
  ['by the kernel', calls],
])('a file that is sent %s', (_, linuxCalls) => {
  let server: Server
  let port: number
  const outcomes: string[] = []

  beforeAll(async () => {
    const send = createFileSender(linuxCalls)
    server = createServer(httpTimeouts, (incoming, response) => {
      const served = { path: join(folder, incoming.url ?? ''), contentType: 'a/b', cacheControl: 'no-cache' }
      answerFile(incoming, response, served, send).then(
        (answer) => {
          outcomes.push(answer.kind)
          if (answer.kind === 'missing') response.writeHead(404).end()
        },
        () => {
          outcomes.push('broken')
          response.destroy()
        },
      )
    })
    limitConnections(server, 100, () => outcomes.push('malformed'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  const get = (headers: Record<string, string> = {}, method = 'GET', path = '/file') =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers, method })
  const bodyOf = async (response: Response) => Buffer.from(await response.arrayBuffer())

  it('arrives whole', async () => {
    const response = await get()
    expect(response.status).toBe(200)
    expect((await bodyOf(response)).equals(bytes)).toBe(true)
  })

  it.each([
    ['bytes=0-0', 0, 1],
    ['bytes=100000-7000000', 100_000, 7_000_001],
    ['bytes=9000000-', 9_000_000, 9_000_001],
    ['bytes=-300000', 8_700_001, 9_000_001],
    ['bytes=8000000-99999999', 8_000_000, 9_000_001],
  ])('in part: %s', async (range, start, end) => {
    const response = await get({ range })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/9000001`)
    expect(response.headers.get('content-length')).toBe(String(end - start))
    expect((await bodyOf(response)).equals(bytes.subarray(start, end))).toBe(true)
  })

  it('is not longer than it is', async () => {
    const response = await get({ range: 'bytes=9000001-' })
    expect([response.status, response.headers.get('content-range')]).toEqual([416, 'bytes */9000001'])
    expect((await get({ range: 'bytes=0-' }, 'GET', '/empty')).status).toBe(416)
  })

  it('is whole for a client that has part of another version', async () => {
    const etag = (await get({}, 'HEAD')).headers.get('etag') ?? ''
    const part = { range: 'bytes=5-9' }
    expect((await get({ ...part, 'if-range': etag })).status).toBe(206)
    expect((await get({ ...part, 'if-range': '"another"' })).status).toBe(200)
    expect((await get({ ...part, 'if-range': 'Sun, 06 Nov 1994 08:49:37 GMT' })).status).toBe(200)
  })

  it('is not sent to one that has it', async () => {
    const etag = (await get({}, 'HEAD')).headers.get('etag') ?? ''
    expect((await get({ 'if-none-match': `"x", W/${etag}` })).status).toBe(304)
    expect((await get({ 'if-none-match': '"x"' }, 'HEAD')).status).toBe(200)
  })

  it('tells its length alone for HEAD', async () => {
    const response = await get({ range: 'bytes=5-9' }, 'HEAD')
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '9000001'])
    expect((await bodyOf(response)).length).toBe(0)
  })

  it('may be empty, or missing', async () => {
    expect((await bodyOf(await get({}, 'GET', '/empty'))).length).toBe(0)
    expect((await get({}, 'GET', '/other')).status).toBe(404)
  })

  it('comes again and again on one connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const ports = new Set<number | undefined>()
    for (const path of ['/file', '/empty', '/other', '/file']) {
      const [response] = await once(request({ port, path, agent }).end(), 'response')
      ports.add(response.socket.localPort)
      let length = 0
      for await (const piece of response) length += piece.length
      if (path === '/file') expect(length).toBe(bytes.length)
    }
    expect(ports.size).toBe(1)
    agent.destroy()
  })

  it('reaches a client that stops to read in between', async () => {
    const [response] = await once(request({ port, path: '/file' }).end(), 'response')
    const parts: Buffer[] = []
    for await (const piece of response) {
      parts.push(piece)
      if (parts.length % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect(Buffer.concat(parts).equals(bytes)).toBe(true)
  })

  it('leaves nothing open behind clients that went away', async () => {
    await get({}, 'HEAD')
    const before = readdirSync('/proc/self/fd').length
    const broken = () => outcomes.filter((outcome) => outcome === 'broken').length
    const earlier = broken()
    for (let count = 0; count < 20; count++) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.write('GET /file HTTP/1.1\r\nHost: x\r\n\r\n')
      await once(socket, 'data')
      socket.resetAndDestroy()
    }
    await expect.poll(() => broken() - earlier).toBeGreaterThanOrEqual(20)
    await expect.poll(() => readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before)
  })

  it('is no answer to nonsense, which is counted', async () => {
    const socket = connect(port, '127.0.0.1')
    socket.write('\x16\x03\x01\x02\x00')
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toContain('400 Bad Request')
    expect(outcomes).toContain('malformed')
  })
})
