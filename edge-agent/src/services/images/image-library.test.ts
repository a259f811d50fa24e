import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { imageChunkBytes, type SiteEvent, type WantedImage } from '@dragonfly/schema/wire'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startWebServer } from '../../../test/web-server.ts'
import type { Database } from '../../io/database.ts'
import { openStore } from '../store/store.ts'
import { isChunkIntact, sha256Hex } from './chunk-store.ts'
import { openImageLibrary } from './image-library.ts'
import { chunkPath } from './image-paths.ts'
import { importInProcess } from './import-process.ts'

// Processes are started, on a machine that may be busy.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 })

const raw = randomBytes(50_000)
let dir: string
let database: Database
let events: SiteEvent[]
let server: Awaited<ReturnType<typeof startWebServer>>
let served: Buffer
beforeEach(async () => {
  // The import's own process inherits it.
  vi.stubEnv('DRAGONFLY_EDGE_LOCAL_IMAGES', 'allow')
  dir = await mkdtemp(join(tmpdir(), 'edge-library-'))
  database = await openStore(dir)
  events = []
  served = raw
  server = await startWebServer((_request, response) => response.end(served))
})
afterEach(async () => {
  await server.close()
  database.close()
  await rm(dir, { recursive: true })
})

const controlPlane = {
  get url() {
    return server.url
  },
  authorization: async () => 'Bearer of-this-edge',
}
const open = () =>
  openImageLibrary({
    database,
    dir: join(dir, 'images'),
    now: () => 1,
    append: async (event) => void events.push(event),
    onChange: () => undefined,
    warn: (message) => expect.unreachable(message),
    runImport: (job) => importInProcess(controlPlane, job),
  })
const wanted = (changes: Partial<WantedImage> = {}): WantedImage => ({
  imageId: 'i1',
  name: 'Debian',
  url: `${server.url}/disk.raw`,
  checksum: { algorithm: 'sha256', value: sha256Hex(raw) },
  format: 'raw',
  manifestDigest: null,
  attempt: 0,
  ...changes,
})
const types = () => events.map((event) => event.type)

test('a wanted image is imported once, and remembered over a restart', async () => {
  const library = await open()
  library.want([wanted()])
  library.want([wanted()])
  await library.settled()
  expect(types()).toEqual(['image.ready'])
  const again = await open()
  const digest = again.records()[0]?.manifestDigest ?? ''
  again.want([wanted({ manifestDigest: digest })])
  await again.settled()
  expect(types()).toEqual(['image.ready'])
  expect(again.readiness(digest)).toBe('ready')
})

test('a control plane that was restored to before the import is told again', async () => {
  const library = await open()
  library.want([wanted()])
  await library.settled()
  const again = await open()
  again.want([wanted()])
  await again.settled()
  expect(types()).toEqual(['image.ready', 'image.ready'])
  expect(events[1]).toEqual(events[0])
})

test('an uploaded image comes from the control plane, with this edge’s token each time', async () => {
  const tokens: (string | undefined)[] = []
  await server.close()
  server = await startWebServer((request, response) => {
    tokens.push(request.headers.authorization)
    if (request.url === '/api/edge/v1/images/i1/file?name=x.raw') response.end(served)
    else response.writeHead(404).end()
  })
  vi.stubEnv('DRAGONFLY_EDGE_LOCAL_IMAGES', '')
  const library = await open()
  library.want([wanted({ url: '/api/edge/v1/images/i1/file?name=x.raw' })])
  await library.settled()
  expect(types()).toEqual(['image.ready'])
  expect(tokens).toEqual(['Bearer of-this-edge'])
})

test('two images that are one file are fetched once, and each stays when the other goes', async () => {
  let requests = 0
  await server.close()
  server = await startWebServer((_request, response) => {
    requests++
    response.end(served)
  })
  const library = await open()
  const [one, other] = [wanted(), wanted({ imageId: 'i2', url: `${server.url}/mirror.raw` })]
  library.want([one, other])
  await library.settled()
  expect(events.map((event) => 'imageId' in event && event.imageId)).toEqual(['i1', 'i2'])
  expect(types()).toEqual(['image.ready', 'image.ready'])
  expect(requests).toBe(1)
  library.want([other])
  await library.settled()
  const [record] = library.records()
  expect(record).toMatchObject({ imageId: 'i2', status: 'ready' })
  expect(library.readiness(record?.manifestDigest ?? '')).toBe('ready')
  expect(await isChunkIntact(join(dir, 'images'), sha256Hex(raw))).toBe(true)
})

test('a failed import waits for the next attempt', async () => {
  served = Buffer.from('<html>not found</html>')
  const library = await open()
  library.want([wanted()])
  await library.settled()
  library.want([wanted()])
  await library.settled()
  expect(events).toMatchObject([{ type: 'image.failed', attempt: 0, reason: 'not-an-image' }])
  expect(library.readiness('ab'.repeat(32))).toBe('missing')
  served = raw
  library.want([wanted({ attempt: 1 })])
  await library.settled()
  expect(types()).toEqual(['image.failed', 'image.ready'])
})

test('a damaged chunk takes the image out of service until it is imported again', async () => {
  const library = await open()
  library.want([wanted()])
  await library.settled()
  const digest = library.records()[0]?.manifestDigest ?? ''
  const path = chunkPath(join(dir, 'images'), sha256Hex(raw))
  library.suspectChunk(sha256Hex(raw))
  await library.settled()
  expect(library.readiness(digest)).toBe('ready')
  const bytes = await readFile(path)
  bytes[bytes.length - 10] = (bytes.at(-10) ?? 0) ^ 1
  await writeFile(path, bytes)
  library.suspectChunk(sha256Hex(raw))
  await library.settled()
  expect(events.at(-1)).toMatchObject({ type: 'image.failed', reason: 'checksum-mismatch', attempt: 0 })
  expect(library.readiness(digest)).toBe('missing')
  library.want([wanted({ attempt: 1, manifestDigest: digest })])
  await library.settled()
  expect(library.readiness(digest)).toBe('ready')
})

test('an image that nobody wants is removed', async () => {
  const library = await open()
  library.want([wanted()])
  await library.settled()
  library.want([])
  await library.settled()
  await expect(readFile(chunkPath(join(dir, 'images'), sha256Hex(raw)))).rejects.toThrow()
  expect(library.records()).toEqual([])
})

describe('where the cache is full', () => {
  const files = new Map<string, Buffer>()
  const asked: string[] = []
  beforeEach(async () => {
    files.clear()
    asked.length = 0
    await server.close()
    server = await startWebServer((request, response) => {
      const name = (request.url ?? '').slice(1)
      asked.push(name)
      response.end(files.get(name))
    })
  })
  const publish = (imageId: string, bytes: Buffer, changes: Partial<WantedImage> = {}): WantedImage => {
    files.set(imageId, bytes)
    const checksum = { algorithm: 'sha256', value: sha256Hex(bytes) } as const
    return wanted({ imageId, url: `${server.url}/${imageId}`, checksum, ...changes })
  }
  const inUse = (imageIds: string[], maxBytes: number | null = null) => ({
    inUse: new Set(imageIds),
    maxBytes,
  })
  const statuses = (library: Awaited<ReturnType<typeof open>>) =>
    Object.fromEntries(library.records().map(({ imageId, status }) => [imageId, status]))
  const holds = (bytes: Buffer): Promise<boolean> => isChunkIntact(join(dir, 'images'), sha256Hex(bytes))

  test('the image not used for longest goes, a shared chunk stays, and a deployment brings it back', async () => {
    const [shared, one, two] = [randomBytes(imageChunkBytes), randomBytes(50_000), randomBytes(50_000)]
    const images = [
      publish('a', Buffer.concat([shared, one])),
      publish('b', Buffer.concat([shared, two])),
      publish('c', raw),
    ]
    const library = await open()
    const limit = imageChunkBytes + 120_000
    library.want(images, inUse(['c'], limit))
    await library.settled()
    expect(statuses(library)).toEqual({ a: 'evicted', b: 'ready', c: 'ready' })
    expect(await Promise.all([shared, one, two, raw].map(holds))).toEqual([true, false, true, true])
    expect(events.filter(({ type }) => type === 'image.evicted')).toEqual([
      { type: 'image.evicted', imageId: 'a' },
    ])

    const digest = library.records().find(({ imageId }) => imageId === 'a')?.manifestDigest ?? ''
    expect(library.readiness(digest)).toBe('pending')
    const pinned = images.map((image) => ({
      ...image,
      manifestDigest:
        library.records().find(({ imageId }) => imageId === image.imageId)?.manifestDigest ?? null,
    }))
    library.want(pinned, inUse(['c'], limit))
    await library.settled()
    expect(asked).toEqual(['c', 'a', 'b'])
    library.want(pinned, inUse(['a', 'c'], limit))
    await library.settled()
    expect(library.readiness(digest)).toBe('ready')
    expect(asked).toEqual(['c', 'a', 'b', 'a'])
    expect(statuses(library)).toEqual({ a: 'ready', b: 'evicted', c: 'ready' })
  })

  test('what made room is known after a restart, and told to a control plane that forgot it', async () => {
    const image = publish('a', raw)
    const library = await open()
    library.want([image], inUse([], 10))
    await library.settled()
    expect(types()).toEqual(['image.ready', 'image.evicted'])
    const again = await open()
    again.want([image], inUse([], 10))
    await again.settled()
    expect(types()).toEqual(['image.ready', 'image.evicted', 'image.ready', 'image.evicted'])
    expect(asked).toEqual(['a'])
  })

  test('deployments’ images stay, however small the limit', async () => {
    const library = await open()
    library.want([publish('a', raw)], inUse(['a'], 10))
    await library.settled()
    expect(types()).toEqual(['image.ready'])
    expect(await holds(raw)).toBe(true)
  })
})
