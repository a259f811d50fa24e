import { auditLog } from '@dragonfly/schema/db'
import { maxRecordingBytes } from '@dragonfly/schema/wire'
import { expect, it } from 'vitest'
import { createDeployable, createHarness, type Harness, openTunnel } from '../../testing/harness.ts'
import { findPerson } from '../people/find-person.ts'
import { watchConsole } from './watch.ts'

const password = 'correct horse battery staple'

async function rack(commands = ['console']) {
  const harness = await createHarness()
  await harness.signIn()
  const siteId = await harness.createSite()
  const edge = await harness.enrol(siteId)
  const tunnel = await openTunnel(harness, edge, { commands })
  await tunnel.next('welcome')
  const machine = await harness.call('POST', '/api/v1/machines', { siteId, mac: '52:54:00:00:00:01' })
  const machineId: string = machine.body.machineId
  await harness.call('PUT', `/api/v1/machines/${machineId}/bmc`, { address: '10.0.0.7', protocol: 'ipmi' })
  return { harness, siteId, edge, tunnel, machineId }
}

async function watch(harness: Harness, machineId: string) {
  await harness.call('POST', '/api/v1/users', {
    name: 'Eve',
    email: 'eve@example.com',
    password,
    role: 'administrator',
  })
  const answer = await harness.call(
    'POST',
    '/api/auth/sign-in/email',
    { email: 'eve@example.com', password },
    { cookie: '' },
  )
  const headers = new Headers({ cookie: answer.headers.getSetCookie()[0]?.split(';')[0] ?? '' })
  const person = await findPerson(harness.deps, headers)
  if (!person) throw new Error('not signed in')
  const news: Record<string, unknown>[] = []
  const shown = { text: '' }
  const closed = Promise.withResolvers<number>()
  const from = { headers, address: '192.0.2.7' }
  const watching = await watchConsole(harness.deps, person, machineId, from, {
    send: (data) => {
      if (typeof data === 'string') news.push(JSON.parse(data))
      else shown.text += new TextDecoder().decode(data)
    },
    close: (code) => closed.resolve(code),
    unsentBytes: () => 0,
  })
  return { userId: person.userId, news, shown, closed: closed.promise, watching }
}

function edgeSocket() {
  const made = { typed: '', frames: [] as unknown[], closed: null as number | null }
  return {
    made,
    socket: {
      send: (data: string | Uint8Array) => {
        if (typeof data === 'string') made.frames.push(JSON.parse(data))
        else made.typed += new TextDecoder().decode(data)
      },
      close: (code: number) => {
        made.closed = code
      },
      unsentBytes: () => 0,
    },
  }
}

const bytes = (text: string) => new TextEncoder().encode(text).buffer

it('asks the edge for a console, pipes it, and notes who opened, typed and closed, not what', async () => {
  const { harness, edge, tunnel, machineId } = await rack()
  const { news, shown, watching } = await watch(harness, machineId)
  const { consoleId, bmc } = await tunnel.next('console-open')
  expect(bmc).toMatchObject({ address: '10.0.0.7' })
  const { socket, made } = edgeSocket()
  const stranger = { edgeId: 'another', siteId: edge.siteId }
  expect(harness.deps.consoles.attach(consoleId, stranger, socket)).toBe(null)
  const side = harness.deps.consoles.attach(consoleId, edge, socket)
  expect(harness.deps.consoles.attach(consoleId, edge, socket)).toBe(null)
  side?.handleMessage(JSON.stringify({ type: 'state', state: 'open', message: null }))
  side?.handleMessage(bytes('login: '))
  expect(news).toContainEqual({ type: 'state', state: 'open', message: null })
  expect(shown.text).toBe('login: ')
  watching.handleMessage(JSON.stringify({ type: 'take-keyboard' }))
  watching.handleMessage(bytes('hunter2'))
  watching.handleMessage(bytes('\r'))
  watching.handleMessage(JSON.stringify({ type: 'nonsense' }))
  expect(made.typed).toBe('hunter2\r')
  watching.end()
  expect(made.closed).toBe(1000)
  const log = await noted(harness, machineId, 'closeConsole')
  const operations = log.map(({ operation }) => operation)
  expect(operations).toEqual(expect.arrayContaining(['openConsole', 'typeInConsole', 'closeConsole']))
  expect(operations.filter((operation) => operation === 'typeInConsole')).toHaveLength(1)
  expect(JSON.stringify(log)).not.toContain('hunter2')
})

/** The log of a machine once an entry is in it: entries are appended after the answer, one after the other. */
async function noted(harness: Harness, machineId: string, last: string) {
  for (;;) {
    const log = await harness.deps.db.select().from(auditLog)
    const ofMachine = log.filter((entry) => entry.machineId === machineId)
    if (ofMachine.some(({ operation }) => operation === last)) return ofMachine
    await new Promise((resolve) => setImmediate(resolve))
  }
}

it('refuses to type into a locked machine, also one that is locked meanwhile', async () => {
  const { harness, edge, tunnel, machineId } = await rack()
  await harness.call('POST', `/api/v1/machines/${machineId}/adopt`, {})
  const { news, watching } = await watch(harness, machineId)
  const { consoleId } = await tunnel.next('console-open')
  const { socket, made } = edgeSocket()
  harness.deps.consoles.attach(consoleId, edge, socket)
  watching.handleMessage(JSON.stringify({ type: 'take-keyboard' }))
  watching.handleMessage(bytes('a'))
  const locked = await harness.call('POST', `/api/v1/machines/${machineId}/lock`, {})
  expect(locked.status).toBeLessThan(300)
  const isRefused = () => news.some(({ refusal }) => String(refusal ?? '').includes('locked'))
  while (!isRefused()) await new Promise((resolve) => setImmediate(resolve))
  watching.handleMessage(bytes('b'))
  watching.handleMessage(JSON.stringify({ type: 'take-keyboard' }))
  watching.handleMessage(bytes('c'))
  expect(made.typed).toBe('a')
  watching.end()
})

it.each([
  [
    'their session is ended',
    4401,
    'DELETE',
    (userId: string) => `/api/v1/users/${userId}/sessions`,
    undefined,
  ],
  ['their role changes', 4403, 'PATCH', (userId: string) => `/api/v1/users/${userId}`, { role: 'viewer' }],
] as const)('closes the socket when %s, and the edge’s with it', async (_what, code, method, path, body) => {
  const { harness, edge, tunnel, machineId } = await rack()
  const { userId, closed } = await watch(harness, machineId)
  const { consoleId } = await tunnel.next('console-open')
  const { socket, made } = edgeSocket()
  harness.deps.consoles.attach(consoleId, edge, socket)
  await harness.call(method, path(userId), body)
  expect(await closed).toBe(code)
  expect(made.closed).toBe(1000)
})

it('says that the site is away, and opens when an edge comes', async () => {
  const { harness, edge, tunnel, machineId } = await rack()
  tunnel.close()
  const { news, watching } = await watch(harness, machineId)
  const isAway = () => news.some(({ state }) => state === 'away')
  while (!isAway()) await new Promise((resolve) => setImmediate(resolve))
  const again = await openTunnel(harness, edge, { commands: ['console'], journalId: 'journal-2' })
  expect((await again.next('console-open')).machineId).toBe(machineId)
  watching.end()
})

it('says that an edge is too old', async () => {
  const { harness, machineId } = await rack([])
  const { news, watching } = await watch(harness, machineId)
  const isRefused = () => news.some(({ message }) => String(message ?? '').includes('too old'))
  while (!isRefused()) await new Promise((resolve) => setImmediate(resolve))
  watching.end()
})

it('cuts the console of an edge that is revoked', async () => {
  const { harness, edge, tunnel, machineId } = await rack()
  const { watching } = await watch(harness, machineId)
  const { consoleId } = await tunnel.next('console-open')
  const { socket, made } = edgeSocket()
  harness.deps.consoles.attach(consoleId, edge, socket)
  expect((await harness.call('DELETE', `/api/v1/edges/${edge.edgeId}`)).status).toBeLessThan(300)
  expect(made.closed).toBe(1000)
  watching.end()
})

it('keeps a deployment’s console, its newest part when it is long, and gives it as text and asciicast', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const { teller, request } = await createDeployable(harness)
  await harness.call('POST', `/api/v1/machines/${request.machineId}/adopt`, {})
  const { deploymentId } = (await harness.call('POST', '/api/v1/deployments', request)).body
  const frame = (at: number, text: string) => ({ at, data: Buffer.from(text).toString('base64') })
  const tell = (...frames: ReturnType<typeof frame>[]) =>
    teller.tell({ type: 'deployment.console', deploymentId, frames })
  await tell(
    frame(10_000, '\u001b[32mLinux\u001b[0m version 6.1\r\n'),
    { at: 10_500, data: Buffer.from([0xc3]).toString('base64') },
    { at: 11_000, data: Buffer.from([0xa4]).toString('base64') },
  )
  const path = `/api/v1/deployments/${deploymentId}/console`
  const text = await harness.call('GET', `${path}/download?format=text`)
  expect(text.body).toBe('Linux version 6.1\nä')
  const cast: string = (await harness.call('GET', `${path}/download?format=asciicast`)).body
  const [header, ...events] = cast
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(header).toMatchObject({ version: 2, timestamp: 10 })
  expect(events).toEqual([
    [0, 'o', '\u001b[32mLinux\u001b[0m version 6.1\r\n'],
    [0.5, 'o', ''],
    [1, 'o', 'ä'],
  ])
  expect((await harness.call('GET', `/api/v1/deployments/${deploymentId}`)).body.consoleBytes).toBe(30)

  for (let part = 0; part < 36; part++) await tell(frame(20_000 + part, 'x'.repeat(32_000)))
  const { sizeBytes, frames } = (await harness.call('GET', path)).body
  expect(sizeBytes).toBeLessThanOrEqual(maxRecordingBytes)
  expect(sizeBytes).toBeGreaterThan(maxRecordingBytes - 40_000)
  expect([frames[0].at > 20_000, frames.at(-1).at]).toEqual([true, 20_035])
  await harness.signInAs('user')
  expect((await harness.call('GET', path)).status).toBe(403)
})
