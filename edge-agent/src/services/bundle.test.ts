import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundleChunkBytes, bundleManifestType, type EdgeFetch, type SiteEvent } from '@dragonfly/schema/wire'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createSigner } from '../../test/site.ts'
import { type BundleStore, openBundleStore } from './bundle.ts'

const version = '0123456789ab'
const signer = createSigner('k1')
const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const contents: Record<string, Buffer> = {
  vmlinuz: randomBytes(bundleChunkBytes + 10),
  'local-boot.cfg': randomBytes(30),
  // Of a bundle that is newer than this edge.
  'tomorrow.img': randomBytes(50),
}
const cut = (bytes: Buffer): Buffer[] => {
  const pieces: Buffer[] = []
  for (let start = 0; start < bytes.length; start += bundleChunkBytes)
    pieces.push(bytes.subarray(start, start + bundleChunkBytes))
  return pieces
}
const manifest = {
  format: 1,
  version,
  createdAt: 1,
  files: Object.entries(contents).map(([name, bytes]) => ({
    name,
    sizeBytes: bytes.length,
    sha256: hash(bytes),
    chunks: cut(bytes).map((piece) => ({ sha256: hash(piece), sizeBytes: piece.length })),
  })),
}

let dataDir: string
let store: BundleStore | null
/** Files of whose pieces the control plane was asked. */
let asked: string[]
let told: SiteEvent[]
/** What the store told of its progress, at each question. */
let progress: (EdgeFetch | null)[]
let isAway: boolean
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'edge-bundle-'))
  store = null
  asked = []
  told = []
  progress = []
  isAway = false
})
afterEach(async () => {
  store?.stop()
  await rm(dataDir, { recursive: true })
})

async function answer(path: string): Promise<Buffer> {
  progress.push(store?.progress() ?? null)
  if (isAway) throw new Error('nobody is there')
  for (const [name, bytes] of Object.entries(contents)) {
    const piece = cut(bytes).find((candidate) => path.endsWith(hash(candidate)))
    if (!piece) continue
    asked.push(name)
    return piece
  }
  return Buffer.from(JSON.stringify({ version, manifest: await signer.sign(manifest, bundleManifestType) }))
}

async function open(): Promise<BundleStore> {
  store?.stop()
  store = await openBundleStore({
    dataDir,
    controlPlane: {
      url: 'http://control.invalid',
      authorization: async () => 'Bearer x',
      fetchState: async () => null,
      fetchBytes: answer,
    },
    signerKeys: () => [signer.key],
    append: async (event) => void told.push(event),
    onChange: async () => undefined,
    random: () => 0.5,
    retryMs: { first: 1, longest: 1 },
  })
  return store
}

const untilReady = (times: number) =>
  vi.waitFor(() => expect(told.filter(({ type }) => type === 'bundle.ready')).toHaveLength(times), 20_000)

it('tells how far it is, and passes over files that it does not know', async () => {
  const opened = await open()
  opened.want(version)
  await untilReady(1)
  expect(asked).toEqual(['vmlinuz', 'vmlinuz', 'local-boot.cfg'])
  const bytesTotal = bundleChunkBytes + 40
  const at = (bytesDone: number) => ({ version, bytesDone, bytesTotal })
  expect(progress).toEqual([null, at(0), at(bundleChunkBytes), at(bundleChunkBytes + 10)])
  expect(opened.progress()).toBeNull()
  const { dir } = opened.current()
  expect((await readdir(dir)).sort()).toEqual(['local-boot.cfg', 'manifest.json', 'vmlinuz'])
})

it('fetches what an older edge had passed over, and keeps the rest', async () => {
  ;(await open()).want(version)
  await untilReady(1)
  const { dir } = (await open()).current()
  await rm(join(dir, 'local-boot.cfg'))
  asked = []
  const updated = await open()
  expect(updated.current()).toEqual({ dir, ready: true, version })
  updated.want(version)
  await untilReady(2)
  expect(asked).toEqual(['local-boot.cfg'])
  expect(await readFile(join(dir, 'local-boot.cfg'))).toEqual(contents['local-boot.cfg'])
  expect((await readFile(join(dir, 'vmlinuz'))).equals(contents.vmlinuz ?? Buffer.alloc(0))).toBe(true)
  updated.want(version)
  const again = await open()
  again.want(version)
  expect(again.progress()).toBeNull()
  expect(asked).toEqual(['local-boot.cfg'])
})

it('says why it has none, what that means and what to do, once', async () => {
  isAway = true
  ;(await open()).want(version)
  await vi.waitFor(() => expect(progress.length).toBeGreaterThan(3), 20_000)
  isAway = false
  await untilReady(1)
  const failures = told.filter(({ type }) => type === 'bundle.failed')
  expect(failures).toEqual([
    {
      type: 'bundle.failed',
      version,
      message:
        'The boot bundle could not be fetched: nobody is there. It tries again by itself; no machine can boot from the network here meanwhile. `dragonfly-edge doctor` on its host says whether it reaches this server.',
    },
  ])
})
