import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { zstdDecompressSync } from 'node:zlib'
import { imageChunkBytes } from '@dragonfly/schema/wire'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { prepareImageDirectory, sha256Hex, storeChunk, storeManifest } from './chunk-store.ts'
import { type ImageServer, startImageServer } from './server.ts'

const raw = randomBytes(200_000)
const sha256 = sha256Hex(raw)
let dir: string
let server: ImageServer
let digest: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-image-server-'))
  await prepareImageDirectory(dir)
  await storeChunk(dir, sha256, raw)
  digest = await storeManifest(dir, {
    format: 1,
    sizeBytes: raw.length,
    chunkBytes: imageChunkBytes,
    rawSha256: sha256,
    chunks: [sha256],
  })
  server = await startImageServer({ dir, port: 0, host: '127.0.0.1' })
})
afterAll(async () => {
  await server.close()
  await rm(dir, { recursive: true })
})
const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${server.port}${path}`, { method })

test('a chunk is served as it is stored, with its length', async () => {
  const response = await get(`/chunks/${sha256}`)
  const stored = Buffer.from(await response.arrayBuffer())
  expect(Number(response.headers.get('content-length'))).toBe(stored.length)
  expect(zstdDecompressSync(stored).equals(raw)).toBe(true)
})

test('many readers at a time each get all of it', async () => {
  const sizes = await Promise.all(
    Array.from(
      { length: 150 },
      async () => (await (await get(`/chunks/${sha256}`)).arrayBuffer()).byteLength,
    ),
  )
  expect(new Set(sizes).size).toBe(1)
})

test('a manifest is what its digest says', async () => {
  const bytes = Buffer.from(await (await get(`/manifests/${digest}`)).arrayBuffer())
  expect(sha256Hex(bytes)).toBe(digest)
})

test('HEAD tells the length alone', async () => {
  const response = await get(`/chunks/${sha256}`, 'HEAD')
  expect(Number(response.headers.get('content-length'))).toBeGreaterThan(0)
  expect((await response.arrayBuffer()).byteLength).toBe(0)
})

test.each([
  `/chunks/${sha256.toUpperCase()}`,
  `/chunks/${'0'.repeat(64)}`,
  '/chunks/../../etc/passwd',
  `/chunks/${sha256}.damaged`,
  `/manifests/${sha256}`,
  '/',
])('%s is not found', async (path) => {
  expect((await get(path)).status).toBe(404)
})

test('writing is not allowed', async () => {
  expect((await get(`/chunks/${sha256}`, 'DELETE')).status).toBe(405)
})
