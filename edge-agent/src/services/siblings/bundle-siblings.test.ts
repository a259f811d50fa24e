import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BundleManifest, bundleChunkBytes, bundleManifestType } from '@dragonfly/schema/wire'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createSigner } from '../../../test/site.ts'
import { startWebServer } from '../../../test/web-server.ts'
import { type BundleStore, openBundleStore } from '../bundle.ts'
import { startImageServer } from '../images/server.ts'
import type { FoundSource, SiblingSource } from './siblings.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 })

const kernel = Buffer.alloc(bundleChunkBytes + 1000)
randomBytes(64).copy(kernel)
randomBytes(64).copy(kernel, bundleChunkBytes)
const version = '0123456789ab'
const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const pieces = [kernel.subarray(0, bundleChunkBytes), kernel.subarray(bundleChunkBytes)]
const manifest: BundleManifest = {
  format: 1,
  version,
  createdAt: 1,
  files: [
    {
      name: 'vmlinuz',
      sizeBytes: kernel.length,
      sha256: hash(kernel),
      chunks: pieces.map((piece) => ({ sha256: hash(piece), sizeBytes: piece.length })),
    },
  ],
}
const signer = createSigner('k1')

let dir: string
let closers: (() => Promise<void> | void)[]
/** What the control plane was asked for, by edge. */
let asked: string[]
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-bundles-'))
  closers = []
  asked = []
})
afterEach(async () => {
  for (const close of closers.toReversed()) await close()
  await rm(dir, { recursive: true })
})

/** `find`: where the other edges say that it is. */
async function openStore(
  name: string,
  find: () => FoundSource,
  distrusted: string[] = [],
): Promise<BundleStore> {
  const store = await openBundleStore({
    dataDir: join(dir, name),
    controlPlane: {
      url: 'http://control.invalid',
      authorization: async () => 'Bearer x',
      fetchState: async () => null,
      fetchBytes: async (path) => {
        asked.push(`${name} ${path}`)
        const piece = pieces.find((bytes) => path.endsWith(hash(bytes)))
        const signed = { version, manifest: await signer.sign(manifest, bundleManifestType) }
        return piece ?? Buffer.from(JSON.stringify(signed))
      },
    },
    siblings: {
      findSource: async () => find(),
      distrust: (edgeIds) => void distrusted.push(...edgeIds),
    },
    lookAgainMs: 5,
    signerKeys: () => [signer.key],
    append: async () => undefined,
    onChange: async () => undefined,
    random: () => 0.5,
  })
  closers.push(() => store.stop())
  return store
}

async function holds(store: BundleStore): Promise<Buffer> {
  await vi.waitFor(() => expect(store.current().version).toBe(version), { timeout: 240_000, interval: 10 })
  return readFile(join(store.current().dir, 'vmlinuz'))
}

/** An edge that has it, and serves it. */
async function startHolder(): Promise<SiblingSource> {
  const store = await openStore('holder', () => ({ kind: 'origin' }))
  store.want(version)
  await holds(store)
  const server = await startImageServer({
    dir: join(dir, 'holder', 'images'),
    bundlesDir: join(dir, 'holder', 'bundles'),
    port: 0,
    host: '127.0.0.1',
  })
  closers.push(() => server.close())
  return { edgeId: 'holder', url: `http://127.0.0.1:${server.port}` }
}

test('all but the signed manifest comes from another edge that has it', async () => {
  const holder = await startHolder()
  asked = []
  const store = await openStore('second', () => ({ kind: 'siblings', sources: [holder] }))
  expect(store.standing(version).status).toBe('none')
  store.want(version)
  expect((await holds(store)).equals(kernel)).toBe(true)
  expect(asked).toEqual(['second /bundle/manifest'])
  expect(store.standing(version)).toMatchObject({ status: 'ready', digest: version })
})

test('it waits for another edge that brings it', async () => {
  const holder = await startHolder()
  asked = []
  let looks = 0
  const store = await openStore('second', () =>
    ++looks < 4 ? { kind: 'wait', edgeId: 'holder' } : { kind: 'siblings', sources: [holder] },
  )
  store.want(version)
  expect((await holds(store)).equals(kernel)).toBe(true)
  expect(asked).toEqual(['second /bundle/manifest'])
})

test('what a lying edge sends is not taken, and the rest of it comes from the control plane', async () => {
  const liar = await startWebServer((_request, response) => {
    response.writeHead(206, { 'content-length': 4 }).end('lies')
  })
  closers.push(liar.close)
  const distrusted: string[] = []
  const store = await openStore(
    'second',
    () =>
      distrusted.length === 0
        ? { kind: 'siblings', sources: [{ edgeId: 'liar', url: liar.url }] }
        : { kind: 'origin' },
    distrusted,
  )
  store.want(version)
  expect((await holds(store)).equals(kernel)).toBe(true)
  expect(distrusted).toEqual(['liar'])
  expect(asked.filter((path) => path.includes('/chunks/'))).toHaveLength(2)
})
