import { execFileSync } from 'node:child_process'
import { createHash, randomBytes, randomInt } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { imageChunkBytes } from '@dragonfly/schema/wire'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { hasImageTools } from '../../../test/image-tools.ts'
import { startWebServer } from '../../../test/web-server.ts'
import { loadManifest, sha256Hex } from './chunk-store.ts'
import { type ImportedImage, type ImportOptions, importImage } from './importer.ts'
import { spoolSource } from './spool.ts'

// Files are made by qemu-img, xz and zstd, on a machine that may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

/** Ten MiB and three sectors: data, a hole with the whole second chunk in it, text that compresses well, data again. */
const raw = Buffer.concat([
  randomBytes(600_064),
  Buffer.alloc(2 * imageChunkBytes),
  Buffer.from('well-known words '.repeat(60_000)),
  randomBytes(1_000_000),
]).subarray(0, 10 * 1024 * 1024 + 1536)

let dir: string
let server: Awaited<ReturnType<typeof startWebServer>>
const at = (name: string): string => join(dir, name)
const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: dir, stdio: 'pipe' })

const canMake = await hasImageTools()
describe.skipIf(!canMake)('image formats', () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'edge-formats-'))
    await writeFile(at('disk'), raw)
    server = await startWebServer((request, response) =>
      createReadStream(at((request.url ?? '').slice(1)))
        .on('error', () => response.writeHead(404).end())
        .pipe(response),
    )
    const convert = (options: string[], name: string) =>
      run('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', ...options, 'disk', name)
    convert([], 'v3.qcow2')
    convert(['-o', 'compat=0.10'], 'v2.qcow2')
    convert(['-c'], 'deflate.qcow2')
    convert(['-c', '-o', 'compression_type=zstd'], 'zstd.qcow2')
    convert(['-o', 'cluster_size=512'], 'small-clusters.qcow2')
    convert(['-c', '-o', 'cluster_size=2M'], 'large-clusters.qcow2')
    convert(['-o', 'preallocation=metadata'], 'preallocated.qcow2')
    run('xz', '-k', '-1', 'disk')
    run('sh', '-c', 'xz -1 -T2 --block-size=1MiB -c disk > blocks.xz')
    run('zstd', '-q', '-k', 'disk')
    run('gzip', '-k', '-1', 'disk')
    run('xz', '-k', '-1', 'v3.qcow2')
    // A skippable frame between the two, as the seekable format has.
    await writeFile(at('skip'), Buffer.from('502a4d1803000000616263', 'hex'))
    run('sh', '-c', '(head -c 600000 disk | zstd; cat skip; tail -c +600001 disk | zstd) > frames.zst')
    run('sh', '-c', '(head -c 600000 disk | gzip -1; tail -c +600001 disk | gzip -1) > members.gz')
  })
  afterAll(async () => {
    await server.close()
    await rm(dir, { recursive: true })
  })

  async function importFile(
    name: string,
    options: Partial<ImportOptions> = {},
  ): Promise<{ cache: string; imported: ImportedImage }> {
    const cache = await mkdtemp(join(dir, 'cache-'))
    const value = createHash('sha512')
      .update(await readFile(at(name)))
      .digest('hex')
    const imported = await importImage({
      dir: cache,
      image: {
        url: `${server.url}/${name}`,
        checksum: { algorithm: 'sha512', value },
        manifestDigest: null,
      },
      signal: new AbortController().signal,
      onProgress: () => undefined,
      allowLocalSources: true,
      freeBytes: async () => 2 ** 40,
      ...options,
    })
    return { cache, imported }
  }

  test.each([
    'disk',
    'v2.qcow2',
    'v3.qcow2',
    'deflate.qcow2',
    'zstd.qcow2',
    'small-clusters.qcow2',
    'large-clusters.qcow2',
    'preallocated.qcow2',
    'disk.xz',
    'disk.zst',
    'disk.gz',
    'v3.qcow2.xz',
    'blocks.xz',
    'frames.zst',
    'members.gz',
  ])('%s holds the same disk', async (name) => {
    const { cache, imported } = await importFile(name)
    const manifest = await loadManifest(cache, imported.manifestDigest)
    expect(manifest).toMatchObject({ sizeBytes: raw.length, rawSha256: sha256Hex(raw) })
    expect(manifest?.chunks[1]).toBeNull()
    expect(await readdir(join(cache, 'downloads'))).toEqual([])
  })

  test('what a file is called says nothing', async () => {
    await writeFile(at('disk.raw'), await readFile(at('zstd.qcow2')))
    const { imported } = await importFile('disk.raw')
    expect(imported.sizeBytes).toBe(raw.length)
  })

  describe('refused', () => {
    const refusal = async (name: string, reason: string, options: Partial<ImportOptions> = {}) => {
      const error = await importFile(name, options).then(
        () => ({ reason: 'none', message: '' }),
        (failure: { reason: string; message: string }) => failure,
      )
      expect(error).toMatchObject({ reason })
      return error.message
    }
    /** A copy of a file with some bytes changed. */
    const alter = async (name: string, change: (bytes: Buffer) => Buffer): Promise<string> => {
      const bytes = await readFile(at(name))
      const altered = `altered-${randomBytes(4).toString('hex')}`
      await writeFile(at(altered), change(bytes))
      return altered
    }

    test('an image with a backing file, which could be any file of the edge', async () => {
      run('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', 'v3.qcow2', '-F', 'qcow2', 'overlay.qcow2')
      expect(await refusal('overlay.qcow2', 'not-an-image')).toContain('backing file')
    })
    test('an image whose data are in another file', async () => {
      run('qemu-img', 'create', '-q', '-f', 'qcow2', '-o', 'data_file=outside.raw', 'outside.qcow2', '8M')
      expect(await refusal('outside.qcow2', 'not-an-image')).toContain('another file')
    })
    test('subclusters', async () => {
      run(
        'qemu-img',
        'create',
        '-q',
        '-f',
        'qcow2',
        '-o',
        'extended_l2=on,cluster_size=64k',
        'sub.qcow2',
        '4M',
      )
      expect(await refusal('sub.qcow2', 'not-an-image')).toContain('subclusters')
    })
    test.each(['disk.xz', 'disk.zst', 'disk.gz', 'v3.qcow2.xz'])('%s that is cut off', async (name) => {
      const cut = await alter(name, (bytes) => bytes.subarray(0, Math.floor(bytes.length * 0.7)))
      await refusal(cut, 'image-damaged')
    })
    test.each(['disk.xz', 'disk.zst', 'disk.gz'])('%s with damage in the middle', async (name) => {
      const damaged = await alter(name, (bytes) =>
        bytes.fill(0x55, bytes.length >> 1, (bytes.length >> 1) + 64),
      )
      await refusal(damaged, 'image-damaged')
    })
    test.each(['v3.qcow2', 'v2.qcow2', 'deflate.qcow2', 'zstd.qcow2'])('%s that is cut off', async (name) => {
      await refusal(await alter(name, (bytes) => bytes.subarray(0, bytes.length >> 1)), 'image-damaged')
    })
    test('qcow2 headers that lie', async () => {
      const patched = (at: number, hex: string) =>
        alter('v3.qcow2', (bytes) => {
          bytes.write(hex, at, 'hex')
          return bytes
        })
      expect(await refusal(await patched(32, '00000001'), 'not-an-image')).toContain('encrypted')
      await refusal(await patched(24, '0007ffffffffffff'), 'image-damaged')
      await refusal(await patched(24, 'ffffffffffffffff'), 'not-an-image')
      await refusal(await patched(40, '0000ffffffff0000'), 'image-damaged')
      await refusal(await patched(36, '00000000'), 'image-damaged')
      await refusal(await patched(20, '000000ff'), 'not-an-image')
      await refusal(await patched(72, '0000000000000100'), 'not-an-image')
      await refusal(await patched(4, '00000007'), 'not-an-image')
    })
    test('an image of two tebibytes, nearly all of them nothing', async () => {
      run('qemu-img', 'create', '-q', '-f', 'qcow2', 'huge.qcow2', '2T')
      await refusal('huge.qcow2', 'image-too-large')
    })
    test('a qcow2 file altered anywhere in its tables ends with a name, never with a hang', async () => {
      for (let round = 0; round < 15; round++) {
        const name = await alter('deflate.qcow2', (bytes) => {
          const tables = bytes.length - 3 * 65_536
          for (let flips = 0; flips < 40; flips++)
            bytes.writeUInt8(randomInt(256), randomInt(tables, bytes.length))
          return bytes
        })
        await importFile(name).catch((error) =>
          expect(error.reason).toMatch(/^(image-damaged|not-an-image)$/),
        )
        await rm(at(name))
      }
    })
    test('a file that is compressed twice', async () => {
      await writeFile(at('twice.gz'), gzipSync(zstdCompressSync(raw)))
      expect(await refusal('twice.gz', 'not-an-image')).toContain('compressed twice')
    })
    test('compressed text', async () => {
      await writeFile(at('page.gz'), gzipSync(`<!DOCTYPE html>${' '.repeat(2000)}`))
      expect(await refusal('page.gz', 'not-an-image')).toContain('web page')
    })
    test('a bomb that would fill the disk stops at what is left', async () => {
      const bomb = zstdCompressSync(
        Buffer.concat([Buffer.from('514649fb', 'hex'), Buffer.alloc(200_000_000, 7)]),
      )
      await writeFile(at('bomb.zst'), bomb)
      let checks = 0
      const freeBytes = async () => (checks++ < 4 ? 2 ** 40 : 0)
      await refusal('bomb.zst', 'cache-full', { freeBytes })
    })
  })

  test('zeros of a raw file take no room in the download either', async () => {
    const file = await open(at('sparse'), 'w')
    await file.write(randomBytes(4096))
    await file.truncate(100_000_000)
    await file.close()
    const cache = await mkdtemp(join(dir, 'cache-'))
    const checksum = { algorithm: 'sha256', value: sha256Hex(await readFile(at('sparse'))) } as const
    const url = `${server.url}/sparse`
    const { path } = await spoolSource({
      dir: cache,
      image: { url, checksum },
      download: { signal: new AbortController().signal, allows: () => true },
      onProgress: () => undefined,
      space: { beforeStart: async () => undefined, whileWriting: async () => undefined },
    })
    const { size, blocks } = await stat(path)
    expect(size).toBe(100_000_000)
    expect(blocks * 512).toBeLessThan(8_000_000)
  })
})
