import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '@dragonfly/schema/log'
import { lockOutPhrase } from '@dragonfly/schema/state'
import {
  type BundleManifest,
  bundleManifestType,
  type ControlFrame,
  type EdgeFrame,
  enrolResponseSchema,
  signedBundleSchema,
  siteStateSchema,
} from '@dragonfly/schema/wire'
import { compactVerify, importJWK, SignJWT } from 'jose'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createEdgeKey, inventory } from '../../testing/harness.ts'
import { type RunningServer, startServer } from './server.ts'

const password = 'correct horse battery staple'
let dir: string
let server: RunningServer
let cookie: string
let errors: string[] = []

async function start(): Promise<void> {
  server = await startServer({
    port: 0,
    host: '127.0.0.1',
    dataDir: join(dir, 'data'),
    bundleDir: join(dir, 'bundle'),
    siteDir: join(dir, 'site'),
    administrator: { email: 'ada@example.com', password },
    log: createLog({
      level: 'error',
      now: Date.now,
      write: (text) => void errors.push(JSON.parse(text).message),
    }),
  })
}

beforeEach(async () => {
  errors = []
  cookie = ''
  dir = await mkdtemp(join(tmpdir(), 'dragonfly-server-'))
  await writeBundle(join(dir, 'bundle'))
  await mkdir(join(dir, 'site', '_astro'), { recursive: true })
  await writeFile(join(dir, 'site', 'index.html'), '<!doctype html><script>let a = 1</script>')
  await writeFile(join(dir, 'site', '_astro', 'x.js'), 'export {}')
  await start()
  const signedIn = await post('/api/auth/sign-in/email', { email: 'ada@example.com', password })
  cookie = (signedIn.headers.getSetCookie()[0] ?? '').split(';')[0] ?? ''
})

afterEach(() => server.close())

const kernel = new TextEncoder().encode('a kernel')
const sha256 = createHash('sha256').update(kernel).digest('hex')

async function writeBundle(folder: string): Promise<void> {
  const { byteLength: sizeBytes } = kernel
  const manifest: BundleManifest = {
    format: 1,
    version: '0123456789ab',
    createdAt: 1,
    files: [{ name: 'vmlinuz', sizeBytes, sha256, chunks: [{ sha256, sizeBytes }] }],
  }
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'vmlinuz'), kernel)
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
}

function post(path: string, body: unknown): Promise<Response> {
  return fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: server.url, ...(cookie ? { cookie } : {}) },
    body: JSON.stringify(body),
  })
}

const get = (path: string, headers: Record<string, string> = { cookie }) =>
  fetch(server.url + path, { headers })

async function enrol() {
  const { siteId, token } = await server.ensureLocalSite(null)
  const key = await createEdgeKey()
  const answer = await post('/api/edge/v1/enrol', {
    token,
    publicKey: key.publicKey,
    hostname: 'pi',
    version: '0.1.0',
  })
  const enrolled = enrolResponseSchema.parse(await answer.json())
  const bearer = async () => {
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'EdDSA' })
      .setIssuer(enrolled.edgeId)
      .setAudience(enrolled.controlPlaneId)
      .setExpirationTime('60s')
      .setJti(crypto.randomUUID())
      .sign(key.privateKey)
    return { authorization: `Bearer ${token}` }
  }
  return { siteId, enrolled, bearer }
}

/** A WebSocket whose frames are waited for by their type. */
async function connect(path: string, headers: Record<string, string>) {
  const socket = new WebSocket(server.url.replace('http', 'ws') + path, { headers })
  const frames: { type: string }[] = []
  const waiters = new Set<() => void>()
  const wake = () => {
    for (const waiter of waiters) waiter()
  }
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  socket.on('message', (data) => {
    frames.push(JSON.parse(String(data)))
    wake()
  })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  return {
    closed,
    send: (frame: EdgeFrame) => socket.send(JSON.stringify(frame)),
    close: () => socket.close(),
    async next<T>(matches: (frame: never) => boolean): Promise<T> {
      for (;;) {
        const index = frames.findIndex((frame) => matches(frame as never))
        if (index >= 0) return frames.splice(index, 1)[0] as T
        await new Promise<void>((resolve) => {
          const waiter = () => {
            waiters.delete(waiter)
            resolve()
          }
          waiters.add(waiter)
        })
      }
    },
  }
}

const is = (type: ControlFrame['type']) => (frame: { type: string }) => frame.type === type

it('carries a site’s events through a real tunnel to the people who watch', async () => {
  const { siteId, enrolled, bearer } = await enrol()
  const watcher = await connect('/api/v1/events', { cookie, origin: server.url })
  await watcher.next(({ type }: { type: string }) => type === 'hello')
  const tunnel = await connect('/api/edge/v1/tunnel', await bearer())
  const hello = {
    protocol: 1,
    version: '0.1.0',
    journalId: 'j',
    generation: null,
    stateVersion: null,
    now: 1,
  }
  tunnel.send({ type: 'hello', ...hello })
  expect(await tunnel.next(is('welcome'))).toMatchObject({ ackedSeq: 0 })
  const mac = '52:54:00:00:00:01'
  const event = {
    type: 'machine.inventory' as const,
    machineId: null,
    mac,
    address: null,
    inventory: inventory(),
  }
  tunnel.send({ type: 'journal', journalId: 'j', entries: [{ seq: 1, at: Date.now(), event }] })
  expect(await tunnel.next(is('ack'))).toMatchObject({ seq: 1 })
  const changed = await watcher.next<{ id: string }>(
    (frame: { type: string; entity?: string }) => frame.entity === 'machine',
  )
  expect(await (await get(`/api/v1/machines/${changed.id}`)).json()).toMatchObject({ siteId, macs: [mac] })

  await post('/api/v1/machines', { siteId, mac: '52:54:00:00:00:02' })
  const told = await tunnel.next<{ version: number }>(is('state-changed'))
  const state = siteStateSchema.parse(await (await get('/api/edge/v1/state', await bearer())).json())
  expect(state.version).toBeGreaterThanOrEqual(told.version)
  expect(state.machines).toHaveLength(2)

  const headers = { cookie, origin: server.url }
  const power = { method: 'PUT', headers: { ...headers, 'content-type': 'application/json' } }
  await fetch(`${server.url}/api/v1/safety/mode`, { ...power, body: JSON.stringify({ mode: 'power' }) })
  const revoked = await fetch(`${server.url}/api/v1/edges/${enrolled.edgeId}`, { method: 'DELETE', headers })
  expect(revoked.status).toBe(204)
  expect(await tunnel.closed).toBe(4401)
  await expect(connect('/api/edge/v1/tunnel', await bearer())).rejects.toThrow('401')
  watcher.close()
})

it('keeps everything over a restart: people, keys, how far a journal was taken', async () => {
  const { enrolled, bearer } = await enrol()
  const gap = { type: 'journal.gap' as const, from: 1, to: 1 }
  const first = await connect('/api/edge/v1/tunnel', await bearer())
  const hello = {
    protocol: 1,
    version: '0.1.0',
    journalId: 'j',
    generation: null,
    stateVersion: null,
    now: 1,
  }
  first.send({ type: 'hello', ...hello })
  first.send({ type: 'journal', journalId: 'j', entries: [{ seq: 7, at: 1, event: gap }] })
  await first.next(is('ack'))
  const before = siteStateSchema.parse(await (await get('/api/edge/v1/state', await bearer())).json())
  expect(errors).toEqual([expect.stringContaining('lost its journal entries 1 to 1')])
  await server.close()
  await start()
  expect(server.setupCode).toBeNull()
  const second = await connect('/api/edge/v1/tunnel', await bearer())
  second.send({ type: 'hello', ...hello })
  expect(await second.next(is('welcome'))).toMatchObject({ ackedSeq: 7 })
  const after = siteStateSchema.parse(await (await get('/api/edge/v1/state', await bearer())).json())
  expect(after.signerKeys).toEqual(before.signerKeys)
  expect(after.generation).toBe(before.generation)
  expect((await server.ensureLocalSite(enrolled.edgeId)).token).toBeNull()
  // The host's edge has lost its data: it can join again.
  expect(await server.ensureLocalSite(null)).toMatchObject({
    siteId: enrolled.siteId,
    token: expect.stringMatching(/^dfe_/),
  })
  expect((await get('/api/v1/me')).status).toBe(200)
})

it('gives edges the boot bundle, signed, piece by piece', async () => {
  const { enrolled, bearer } = await enrol()
  const [key] = enrolled.signerKeys
  if (!key) throw new Error('no key')
  const signed = signedBundleSchema.parse(
    await (await get('/api/edge/v1/bundle/manifest', await bearer())).json(),
  )
  const { payload, protectedHeader } = await compactVerify(signed.manifest, await importJWK(key.jwk, 'EdDSA'))
  expect(protectedHeader.typ).toBe(bundleManifestType)
  expect(JSON.parse(new TextDecoder().decode(payload))).toMatchObject({ version: '0123456789ab' })
  const piece = await get(`/api/edge/v1/bundle/chunks/${sha256}`, await bearer())
  expect(new Uint8Array(await piece.arrayBuffer())).toEqual(kernel)
  expect((await get(`/api/edge/v1/bundle/chunks/${'0'.repeat(64)}`, await bearer())).status).toBe(404)
  expect((await get(`/api/edge/v1/bundle/chunks/${sha256}`)).status).toBe(401)
  const state = siteStateSchema.parse(await (await get('/api/edge/v1/state', await bearer())).json())
  expect(state.bundleVersion).toBe('0123456789ab')
})

it('serves the portal: files, and the shell for its pages, with a policy for their scripts', async () => {
  const shell = await get('/machines/some-id')
  expect(shell.status).toBe(200)
  const hash = createHash('sha256').update('let a = 1').digest('base64')
  expect(shell.headers.get('content-security-policy')).toContain(`script-src 'self' 'sha256-${hash}'`)
  expect(shell.headers.get('x-content-type-options')).toBe('nosniff')
  const script = await get('/_astro/x.js')
  expect(script.headers.get('content-type')).toContain('javascript')
  expect(script.headers.get('cache-control')).toContain('immutable')
  for (const path of [
    '/_astro/gone.js',
    '/nonsense',
    '/..%2fdata%2fsecrets.key',
    '/%2e%2e/data/dragonfly.db',
  ]) {
    expect((await get(path)).status, path).toBe(404)
  }
  for (const path of ['/healthz', '/readyz', '/openapi.json', '/']) {
    expect((await get(path)).status, path).toBe(200)
  }
})

it('outlives a client that asks for an upgrade it does not know, and resets', async () => {
  const client = createConnection(server.port, '127.0.0.1')
  await once(client, 'connect')
  client.write('GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n')
  const [answer] = await once(client, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /)
  client.resetAndDestroy()
  expect((await get('/healthz')).status).toBe(200)
})

/** The status by which an upgrade is refused; 101 when it is not. */
function upgradeStatus(path: string, headers: Record<string, string>): Promise<number> {
  const socket = new WebSocket(server.url.replace('http', 'ws') + path, { headers })
  return new Promise((resolve) => {
    socket.once('open', () => {
      socket.terminate()
      resolve(101)
    })
    socket.once('unexpected-response', (request, answer) => {
      request.destroy()
      resolve(answer.statusCode ?? 0)
    })
    socket.on('error', () => undefined)
  })
}

it('keeps live events from addresses that are not on the allowlist, and closes those that are open', async () => {
  const { bearer } = await enrol()
  const asPerson = { cookie, origin: server.url }
  const watcher = await connect('/api/v1/events', asPerson)
  await watcher.next(({ type }: { type: string }) => type === 'hello')
  const set = (allowlist: string[], confirmation?: string) =>
    fetch(`${server.url}/api/v1/front-door`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json', ...asPerson },
      body: JSON.stringify({ allowlist, ...(confirmation ? { confirmation } : {}) }),
    })
  expect((await set(['127.0.0.1', '192.0.2.0/24'])).status).toBe(200)
  expect(await upgradeStatus('/api/v1/events', asPerson)).toBe(101)
  expect((await set(['192.0.2.0/24'], lockOutPhrase)).status).toBe(200)
  expect(await watcher.closed).toBe(4403)
  expect(await upgradeStatus('/api/v1/events', asPerson)).toBe(403)
  // Nobody is believed who says that they come from elsewhere.
  expect(await upgradeStatus('/api/v1/events', { ...asPerson, 'x-forwarded-for': '192.0.2.7' })).toBe(403)
  // Edges prove themselves by their keys, wherever they are.
  expect(await upgradeStatus('/api/edge/v1/tunnel', await bearer())).toBe(101)
})
