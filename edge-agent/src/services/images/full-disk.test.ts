import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SiteEvent, WantedImage } from '@dragonfly/schema/wire'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { startWebServer } from '../../../test/web-server.ts'
import type { Database } from '../../io/database.ts'
import { reserveBytes } from '../../protocol/image-cache.ts'
import { openStore } from '../store/store.ts'
import { isChunkIntact, loadManifest, sha256Hex } from './chunk-store.ts'
import { openImageLibrary } from './image-library.ts'
import { chunkPath } from './image-paths.ts'
import { importInProcess } from './import-process.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 30_000 })

const mib = 1024 * 1024
const isRoot = process.getuid?.() === 0
if (!isRoot) console.error('SKIPPED: full-disk.test.ts mounts a small tmpfs, which takes root.')

/** Beyond what a cache leaves free; a tmpfs takes memory only for what is in it. */
const roomBytes = 84 * mib
const one = randomBytes(48 * mib)
const other = randomBytes(40 * mib)
let dir: string
let database: Database
let events: SiteEvent[]
let server: Awaited<ReturnType<typeof startWebServer>>
let library: Awaited<ReturnType<typeof openImageLibrary>>
const asked: string[] = []
beforeEach(async () => {
  if (!isRoot) return
  vi.stubEnv('DRAGONFLY_EDGE_LOCAL_IMAGES', 'allow')
  dir = await mkdtemp(join(tmpdir(), 'edge-full-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${reserveBytes + roomBytes}`, 'dragonfly-test', dir])
  database = await openStore(dir)
  events = []
  asked.length = 0
  server = await startWebServer((request, response) => {
    const range = request.headers.range ?? ''
    asked.push(`${request.url} ${range && 'from where it was'}`.trim())
    const bytes = request.url === '/one' ? one : other
    const from = Number(/^bytes=(\d+)-$/.exec(range)?.[1] ?? 0)
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': bytes.length - from,
      etag: '"v1"',
      ...(from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
    })
    response.end(bytes.subarray(from))
  })
  const controlPlane = { url: server.url, authorization: async () => '' }
  await mkdir(join(dir, 'images'))
  library = await openImageLibrary({
    database,
    dir: join(dir, 'images'),
    now: () => 1,
    append: async (event) => void events.push(event),
    onChange: () => undefined,
    warn: (message) => expect.unreachable(message),
    runImport: (job) => importInProcess(controlPlane, job),
  })
})
afterEach(async () => {
  if (!isRoot) return
  await library.stop()
  await server.close()
  database.close()
  // The database's file closes a little later.
  execFileSync('umount', ['--lazy', dir])
  await rm(dir, { recursive: true })
})

const image = (imageId: string, bytes: Buffer): WantedImage => ({
  imageId,
  name: imageId,
  url: `${server.url}/${imageId}`,
  checksum: { algorithm: 'sha256', value: sha256Hex(bytes) },
  format: 'raw',
  manifestDigest: null,
  attempt: 0,
})
const inUse = (...imageIds: string[]) => ({ inUse: new Set(imageIds), maxBytes: null })

test.skipIf(!isRoot)('a full disk is a named failure, and nothing else suffers', async () => {
  library.want([image('one', one)], inUse('one'))
  await library.settled()
  expect(events).toMatchObject([{ type: 'image.ready' }])
  const pinned = { ...image('one', one), manifestDigest: library.records()[0]?.manifestDigest ?? null }
  library.want([pinned, image('other', other)], inUse('one', 'other'))
  await library.settled()
  expect(events.slice(1)).toMatchObject([{ type: 'image.failed', imageId: 'other', reason: 'cache-full' }])
  expect(events.at(-1)).toMatchObject({ message: expect.stringContaining('image cache is full') })
  const [kept] = library.records()
  expect(library.readiness(kept?.manifestDigest ?? '')).toBe('ready')
  const manifest = await loadManifest(join(dir, 'images'), kept?.manifestDigest ?? '')
  for (const sha256 of manifest?.chunks ?? [])
    expect(sha256 && (await isChunkIntact(join(dir, 'images'), sha256))).toBe(true)
  expect(await readdir(join(dir, 'images/downloads'))).toEqual([])
  const { bavail, bsize } = await statfs(dir)
  expect(bavail * bsize).toBeGreaterThan(reserveBytes)
})

test.skipIf(!isRoot)(
  'what found no room is tried again by itself once there is more, and not before',
  async () => {
    const filler = join(dir, 'filler')
    await writeFile(filler, Buffer.alloc(56 * mib))
    library.want([image('one', one)], inUse('one'))
    await library.settled()
    const failed = { type: 'image.failed', imageId: 'one', reason: 'cache-full' }
    expect(events).toMatchObject([failed])
    library.lookForRoom()
    await library.settled()
    expect(events).toMatchObject([failed])
    await rm(filler)
    library.lookForRoom()
    await library.settled()
    expect(events).toMatchObject([failed, { type: 'image.ready', imageId: 'one' }])
    const before = asked.length
    library.lookForRoom()
    await library.settled()
    expect(asked).toHaveLength(before)
  },
)

test.skipIf(!isRoot)('what nobody needs makes room, and the download goes on where it was', async () => {
  library.want([image('one', one)])
  await library.settled()
  const pinned = { ...image('one', one), manifestDigest: library.records()[0]?.manifestDigest ?? null }
  library.want([pinned, image('other', other)], inUse('other'))
  await library.settled()
  expect(events.map(({ type }) => type)).toEqual(['image.ready', 'image.evicted', 'image.ready'])
  expect(asked).toEqual(['/one', '/other', '/other from where it was'])
  const gone = chunkPath(join(dir, 'images'), sha256Hex(one.subarray(0, 4 * mib)))
  await expect(statfs(gone)).rejects.toThrow()
})
