import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLog } from '@dragonfly/schema/log'
import {
  imageChunkBytes,
  type Sibling,
  type SiblingStatus,
  type SiteEvent,
  type WantedImage,
} from '@dragonfly/schema/wire'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startWebServer } from '../../../test/web-server.ts'
import { listenAgentHttp } from '../agent-http.ts'
import { listen } from '../http-listen.ts'
import { type ImageLibrary, openImageLibrary } from '../images/image-library.ts'
import { importImage } from '../images/importer.ts'
import { startImageServer } from '../images/server.ts'
import { openStore } from '../store/store.ts'
import { mayAsk } from './sibling-http.ts'
import { createSiblings } from './siblings.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 })

const chunkCount = 5
// No chunk is like another, and each is quickly compressed.
const raw = Buffer.alloc(chunkCount * imageChunkBytes)
for (let index = 0; index < chunkCount; index++) randomBytes(64).copy(raw, index * imageChunkBytes)
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

let dir: string
let origin: Awaited<ReturnType<typeof startWebServer>>
/** Bytes that the source sent, and how often it was asked. */
let sent: { bytes: number; requests: number }
/** Called before the source sends anything. */
let beforeSending: () => Promise<void>
let closers: (() => Promise<void>)[]
let siblings: Sibling[]
let wanted: WantedImage
let edges: EdgeOnLan[]

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-siblings-'))
  sent = { bytes: 0, requests: 0 }
  closers = []
  siblings = []
  edges = []
  beforeSending = async () => undefined
  origin = await startWebServer((_request, response) => {
    sent.requests++
    void beforeSending().then(() => {
      sent.bytes += raw.length
      response.end(raw)
    })
  })
  wanted = {
    imageId: 'i1',
    name: 'Debian',
    url: `${origin.url}/disk.raw`,
    checksum: { algorithm: 'sha256', value: sha256(raw) },
    format: 'raw',
    manifestDigest: null,
    attempt: 0,
  }
})
afterEach(async () => {
  for (const close of closers.toReversed()) await close()
  await origin.close()
  await rm(dir, { recursive: true })
})

interface EdgeOnLan {
  edgeId: string
  library: ImageLibrary
  events: SiteEvent[]
  warnings: string[]
  /** Edges that its progress named as where the image comes from. */
  from: Set<string>
  /** Files that its image server has sent. */
  served: () => number
}

interface Address {
  edgeId: string
  address: string
}

/** What one edge of a site does with images, at an address of its own; edges know each other as the control plane has them. */
async function startEdge({ edgeId, address }: Address, ports: Ports): Promise<EdgeOnLan> {
  const home = join(dir, edgeId)
  const database = await openStore(home)
  const events: SiteEvent[] = []
  const warnings: string[] = []
  const from = new Set<string>()
  const library = await openImageLibrary({
    database,
    dir: join(home, 'images'),
    now: () => 1,
    append: async (event) => {
      events.push(event)
      if (event.type === 'image.ready') pin(event.manifestDigest)
    },
    onChange: () => undefined,
    warn: (message, { error } = {}) => void warnings.push(`${message} ${String(error)}`),
    lookAgainMs: 20,
    siblings: createSiblings({
      edgeId,
      siblings: () => siblings.filter((sibling) => sibling.edgeId !== edgeId),
      ownAddresses: () => new Set([address]),
      ports,
      // Nobody counts as stuck, however busy this computer is.
      now: () => 1,
      askWithinMs: 120_000,
      allowsLocal: true,
    }),
    runImport: (job) =>
      importImage({
        ...job,
        retryMs: [1, 1],
        allowLocalSources: true,
        onProgress: (progress) => {
          if (progress.fromEdgeId) from.add(progress.fromEdgeId)
          job.onProgress(progress)
        },
      }),
  })
  const agent = await listenAgentHttp(answersOf(edgeId, library), ports.agentHttp, address)
  const server = await startImageServer({ dir: join(home, 'images'), port: ports.imageHttp, host: address })
  closers.push(async () => {
    await library.stop()
    await agent.close()
    await server.close()
    database.close()
  })
  const served = (): number => server.counters()['dragonfly_images_http_requests_total{status="200"}'] ?? 0
  const edge = { edgeId, library, events, warnings, from, served }
  edges.push(edge)
  siblings.push({ edgeId, hostname: edgeId, addresses: [address] })
  return edge
}

const answersOf = (edgeId: string, library: Pick<ImageLibrary, 'standing'>) => ({
  upgradeRamdisk: () => undefined,
  log: silentLog,
  phoneHome: async () => false,
  findUnready: () => [],
  metrics: () => '',
  standing: (thing: { kind: string; imageId?: string }): SiblingStatus => ({
    edgeId,
    ...library.standing(thing.imageId ?? ''),
  }),
})

/** The control plane hears that an edge has it, and tells all of them which bytes it is. */
function pin(manifestDigest: string): void {
  wanted = { ...wanted, manifestDigest }
  for (const { library } of edges) library.want([wanted])
}

interface Ports {
  agentHttp: number
  imageHttp: number
}

/** Two ports that nobody uses, at any of the addresses. */
async function findPorts(addresses: readonly string[]): Promise<Ports> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const ports = [20_000 + Math.floor(Math.random() * 10_000), 20_000 + Math.floor(Math.random() * 10_000)]
    const held: Server[] = []
    try {
      for (const port of ports)
        for (const address of addresses) {
          const server = createServer()
          await listen(server, port, address)
          held.push(server)
        }
      const [agentHttp = 0, imageHttp = 0] = ports
      return { agentHttp, imageHttp }
    } catch {
      // Somebody else's.
    } finally {
      for (const server of held) await new Promise((resolve) => server.close(resolve))
    }
  }
  throw new Error('no ports are free')
}

const addresses = ['127.0.0.11', '127.0.0.12', '127.0.0.13']
const lan = (index: number): Address => ({ edgeId: `e${index}`, address: addresses[index - 1] ?? '' })
const isReady = ({ events }: EdgeOnLan): boolean => events.some(({ type }) => type === 'image.ready')
const allReady = () =>
  vi.waitFor(() => expect(edges.map(isReady)).toEqual(edges.map(() => true)), {
    timeout: 240_000,
    interval: 20,
  })

/** An edge that answers whatever it is told to. */
async function startStranger(
  { edgeId, address }: Address,
  ports: Ports,
  standing: () => Partial<SiblingStatus>,
  serve: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ close(): Promise<void> }> {
  const status = { status: 'none', digest: null, phase: null, bytesDone: 0, busy: false } as const
  const agent = await listenAgentHttp(
    answersOf(edgeId, { standing: () => ({ ...status, ...standing() }) }),
    ports.agentHttp,
    address,
  )
  const server = createServer(serve)
  await listen(server, ports.imageHttp, address)
  siblings.push({ edgeId, hostname: edgeId, addresses: [address] })
  const close = async (): Promise<void> => {
    await agent.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  closers.push(close)
  return { close }
}

test('edges that want an image at the same moment fetch it from its source once, and from each other', async () => {
  const ports = await findPorts(addresses)
  for (const index of [1, 2, 3]) await startEdge(lan(index), ports)
  for (const { library } of edges) library.want([wanted])
  await allReady()
  expect(sent).toEqual({ bytes: raw.length, requests: 1 })
  const digests = edges.flatMap(({ library }) =>
    library.records().map(({ manifestDigest }) => manifestDigest),
  )
  expect(new Set(digests).size).toBe(1)
  const [first, ...others] = edges.toSorted((a, b) => a.from.size - b.from.size)
  expect(first?.from).toEqual(new Set())
  for (const { from } of others) expect(from).toContain(first?.edgeId)
  for (const { warnings } of edges) expect(warnings).toEqual([])
})

test('an edge that comes later waits for the one that has begun', async () => {
  const ports = await findPorts(addresses)
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  beforeSending = () => held
  const one = await startEdge(lan(1), ports)
  one.library.want([wanted])
  await vi.waitFor(() => expect(sent.requests).toBe(1), { timeout: 240_000 })
  const two = await startEdge(lan(2), ports)
  two.library.want([wanted])
  await two.library.settled()
  expect(two.library.standing('i1').status).toBe('wanted')
  expect(two.library.progress()).toEqual([])
  release()
  await allReady()
  expect(sent.requests).toBe(1)
  expect(two.from).toEqual(new Set(['e1']))
})

test('an image comes from its source when the only other edge lies, and that one is asked no more', async () => {
  const ports = await findPorts(addresses)
  const one = await startEdge(lan(1), ports)
  one.library.want([wanted])
  await allReady()
  const { manifestDigest } = wanted
  const honest = `http://${addresses[0]}:${ports.imageHttp}`
  const asked: string[] = []
  const liar = { status: 'ready', digest: manifestDigest } as const
  await startStranger(
    lan(3),
    ports,
    () => liar,
    (request, response) => {
      const path = request.url ?? ''
      asked.push(path)
      // The right manifest, and wrong bytes.
      if (path.startsWith('/chunks/')) return void response.end(randomBytes(5000))
      void fetch(honest + path).then(async (answer) => response.end(Buffer.from(await answer.arrayBuffer())))
    },
  )
  // The honest one is not known to the next.
  siblings = siblings.filter(({ edgeId }) => edgeId === 'e3')
  const two = await startEdge(lan(2), ports)
  two.library.want([wanted])
  await allReady()
  expect(sent.requests).toBe(2)
  expect(two.warnings).toEqual([expect.stringContaining('other bytes')])
  expect(asked.filter((path) => path.startsWith('/manifests/'))).toHaveLength(1)
})

test('what the others have of a lie comes from those that are honest', async () => {
  const ports = await findPorts(addresses)
  const one = await startEdge(lan(1), ports)
  one.library.want([wanted])
  await allReady()
  const ready = { status: 'ready', digest: wanted.manifestDigest } as const
  await startStranger(
    lan(3),
    ports,
    () => ready,
    (_request, response) => response.end('not what you want'),
  )
  const two = await startEdge(lan(2), ports)
  two.library.want([wanted])
  await allReady()
  expect(sent.requests).toBe(1)
  expect(two.warnings).toEqual([])
})

test('an edge that dies midway is gone on from by another, and no chunk is fetched twice', async () => {
  const ports = await findPorts(addresses)
  const one = await startEdge(lan(1), ports)
  one.library.want([wanted])
  await allReady()
  const honest = `http://${addresses[0]}:${ports.imageHttp}`
  const ready = { status: 'ready', digest: wanted.manifestDigest } as const
  const chunks: string[] = []
  let isAlive = true
  // It stands in front of the honest one, and is all that the next one knows.
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url ?? ''
    if (path.startsWith('/chunks/') && isAlive) {
      if (chunks.length === 3) isAlive = false
      else chunks.push(path)
    }
    if (!isAlive) return void request.socket.destroy()
    void fetch(honest + path).then(async (answer) => response.end(Buffer.from(await answer.arrayBuffer())))
  }
  await startStranger(lan(3), ports, () => (isAlive ? ready : {}), serve)
  siblings = siblings.filter(({ edgeId }) => edgeId === 'e3')
  const two = await startEdge(lan(2), ports)
  // Its source is away: nothing but edges can help.
  const source = wanted
  wanted = { ...wanted, url: 'http://127.0.0.1:9/disk.raw' }
  two.library.want([wanted])
  await vi.waitFor(() => expect(two.warnings).toHaveLength(1), { timeout: 240_000 })
  await vi.waitFor(() => expect(two.events.some(({ type }) => type === 'image.failed')).toBe(true), {
    timeout: 240_000,
  })
  wanted = { ...source, attempt: 1 }
  siblings.push({ edgeId: 'e1', hostname: 'e1', addresses: [addresses[0] ?? ''] })
  const before = one.served()
  two.library.want([wanted])
  await allReady()
  expect(sent.requests).toBe(1)
  expect(two.from).toEqual(new Set(['e3', 'e1']))
  expect(one.served() - before).toBeLessThanOrEqual(chunkCount - chunks.length + 1)
})

test('is asked nowhere that an edge has no business at', () => {
  const own = new Set(['10.0.0.2'])
  expect(mayAsk('10.0.0.3', own, false)).toBe(true)
  for (const address of [
    '10.0.0.2',
    '127.0.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '100.100.100.200',
    'example.com',
  ])
    expect(mayAsk(address, own, false), address).toBe(false)
  expect(mayAsk('10.0.0.2', own, true)).toBe(false)
})
