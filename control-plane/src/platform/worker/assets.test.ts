import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BundleManifest } from '@dragonfly/schema/wire'
import { beforeEach, describe, expect, it } from 'vitest'
import { type AssetFolders, writeWorkerAssets } from '../node/worker-assets.ts'
import { createBoundAssets } from './assets.ts'
import { createBoundBundle } from './bundle.ts'
import { createBoundEdgeRelease } from './edge-release.ts'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const kernel = new TextEncoder().encode('a kernel')
const mebibyte = 1024 * 1024

let dir: string
let folders: AssetFolders

/** What the platform's binding does with what was deployed. */
const binding = {
  async fetch(input: unknown) {
    const path = decodeURIComponent(new URL(String(input)).pathname)
    const bytes = await readFile(join(folders.outDir, path)).catch(() => null)
    return new Response(bytes, { status: bytes ? 200 : 404 })
  },
} as Parameters<typeof createBoundAssets>[0]

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dragonfly-assets-'))
  folders = {
    siteDir: join(dir, 'site'),
    bundleDir: join(dir, 'bundle'),
    packagesDir: join(dir, 'packages'),
    outDir: join(dir, 'out'),
  }
  await mkdir(join(folders.siteDir, '_astro'), { recursive: true })
  await writeFile(join(folders.siteDir, 'index.html'), '<!doctype html><script>let a = 1</script>')
  await writeFile(join(folders.siteDir, '_astro/x.js'), 'export {}')
  await mkdir(folders.bundleDir)
  await writeFile(join(folders.bundleDir, 'vmlinuz'), kernel)
  await writeManifest([{ sha256: sha256(kernel), sizeBytes: kernel.byteLength }])
})

async function writeManifest(chunks: { sha256: string; sizeBytes: number }[]): Promise<void> {
  const files = [{ name: 'vmlinuz' as const, sizeBytes: kernel.byteLength, sha256: sha256(kernel), chunks }]
  const manifest: BundleManifest = { format: 1, version: '0123456789ab', createdAt: 1, files }
  await writeFile(join(folders.bundleDir, 'manifest.json'), JSON.stringify(manifest))
}

describe('what is deployed beside the Worker', () => {
  it('has each page’s inline scripts as CSP sources, and serves what the index names, nothing else', async () => {
    const index = await writeWorkerAssets(folders)
    const assets = createBoundAssets(binding, index)
    const digest = createHash('sha256').update('let a = 1').digest('base64')
    expect(await assets.read('/index.html')).toMatchObject({
      contentType: 'text/html; charset=utf-8',
      scriptHashes: [`'sha256-${digest}'`],
    })
    expect(await assets.read('/_astro/x.js')).toMatchObject({ contentType: 'text/javascript; charset=utf-8' })
    for (const path of [
      '/_dragonfly/index.json',
      `/_dragonfly/bundle/${sha256(kernel)}`,
      `/_dragonfly/edge/${sha256(kernel)}`,
      '/constructor',
      '/',
    ]) {
      expect(await assets.read(path)).toBeNull()
    }
  })

  it('has the boot bundle in pieces, which come as they are read', async () => {
    const { bundle } = await writeWorkerAssets(folders)
    const source = createBoundBundle(binding, bundle)
    expect(await source.status()).toMatchObject({ status: 'ready', version: '0123456789ab' })
    const piece = await source.chunk(sha256(kernel))
    expect(piece?.body).toBeInstanceOf(ReadableStream)
    expect(piece?.sizeBytes).toBe(kernel.byteLength)
    expect(new Uint8Array(await new Response(piece?.body).arrayBuffer())).toEqual(kernel)
    expect(await source.chunk('0'.repeat(64))).toBeNull()
  })

  it('does without a portal and without a boot bundle', async () => {
    const index = await writeWorkerAssets({ ...folders, siteDir: join(dir, 'a'), bundleDir: join(dir, 'b') })
    expect(index).toMatchObject({ files: {}, bundle: null, edgeRelease: null })
    expect(await createBoundBundle(binding, null).status()).toMatchObject({ status: 'missing' })
  })

  it('has the newest package of the edge in pieces, whole again at the edge', async () => {
    await mkdir(folders.packagesDir)
    const packed = randomBytes(5 * mebibyte)
    await writeFile(join(folders.packagesDir, 'dragonfly-edge-1.2.3-linux-x64.tgz'), packed)
    const { edgeRelease } = await writeWorkerAssets(folders)
    const source = createBoundEdgeRelease(binding, edgeRelease)
    const release = await source.current()
    expect(release).toMatchObject({ version: '1.2.3', sizeBytes: packed.byteLength })
    const pieces = []
    for (const chunk of release?.chunks ?? [])
      pieces.push((await source.chunk(chunk.sha256)) ?? new Uint8Array())
    expect(pieces).toHaveLength(2)
    expect(Buffer.concat(pieces).equals(packed)).toBe(true)
    expect(await source.chunk(sha256(kernel))).toBeNull()
  })

  it('holds no file that Workers would not take', async () => {
    const path = join(folders.siteDir, 'film.mp4')
    await writeFile(path, '')
    await truncate(path, 25 * mebibyte + 1)
    await expect(writeWorkerAssets(folders)).rejects.toThrow(/film\.mp4 is too large/)
    await truncate(path, 25 * mebibyte)
    await writeWorkerAssets(folders)
    expect((await stat(join(folders.outDir, 'film.mp4'))).size).toBe(25 * mebibyte)
  })

  it('is left as it was when the boot bundle is not what its manifest says', async () => {
    await writeWorkerAssets(folders)
    const before = await readdir(folders.outDir, { recursive: true })
    await writeManifest([{ sha256: '0'.repeat(64), sizeBytes: kernel.byteLength }])
    await expect(writeWorkerAssets(folders)).rejects.toThrow(/build the bundle anew/)
    expect(await readdir(folders.outDir, { recursive: true })).toEqual(before)
  })
})
