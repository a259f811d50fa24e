import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, open, readdir, rm } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { imageChunkBytes } from '@dragonfly/schema/wire'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { startWebServer } from '../../../test/web-server.ts'
import { reserveBytes } from '../../protocol/image-cache.ts'
import { collectGarbage, isChunkIntact, loadManifest, sha256Hex } from './chunk-store.ts'
import { type ImportOptions, importImage } from './importer.ts'

const one = randomBytes(imageChunkBytes)
const zeros = Buffer.alloc(imageChunkBytes)
const tail = randomBytes(12_345)
const image = Buffer.concat([one, zeros, one, tail])
const sha256 = sha256Hex(image)

let dir: string
let server: Awaited<ReturnType<typeof startWebServer>>
let handler: RequestListener
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-images-'))
  handler = (_request, response) => response.end(image)
  server = await startWebServer((request, response) => handler(request, response))
})
afterEach(async () => {
  await server.close()
  await rm(dir, { recursive: true })
})

const run = (changes: Partial<ImportOptions['image']> = {}, options: Partial<ImportOptions> = {}) =>
  importImage({
    dir,
    image: {
      url: `${server.url}/disk.raw`,
      checksum: { algorithm: 'sha256', value: sha256 },
      manifestDigest: null,
      ...changes,
    },
    signal: new AbortController().signal,
    onProgress: () => undefined,
    allowLocalSources: true,
    retryMs: [1, 1],
    ...options,
  })

async function storedChunks(): Promise<string[]> {
  const files = await readdir(join(dir, 'chunks'), { recursive: true, withFileTypes: true })
  return files.filter((file) => file.isFile()).map((file) => file.name)
}

test('an image becomes chunks: zeros left out, equal ones stored once', async () => {
  const progress: number[] = []
  const imported = await run({}, { onProgress: ({ bytesDone }) => progress.push(bytesDone) })
  const manifest = await loadManifest(dir, imported.manifestDigest)
  expect(manifest).toEqual({
    format: 1,
    sizeBytes: image.length,
    chunkBytes: imageChunkBytes,
    rawSha256: sha256,
    chunks: [sha256Hex(one), null, sha256Hex(one), sha256Hex(tail)],
  })
  expect((await storedChunks()).sort()).toEqual([sha256Hex(one), sha256Hex(tail)].sort())
  expect(await isChunkIntact(dir, sha256Hex(tail))).toBe(true)
  expect(imported.sizeBytes).toBe(image.length)
  expect(progress.at(-1)).toBe(image.length)
})

test('another import of the same image stores nothing again and comes to the same digest', async () => {
  const first = await run()
  const again = await run({ manifestDigest: first.manifestDigest })
  expect(again).toEqual(first)
})

test('SHA-512 and redirects are followed', async () => {
  handler = (request, response) => {
    if (request.url === '/disk.raw') response.writeHead(302, { location: '/mirror/disk.raw' }).end()
    else response.end(image)
  }
  const value = createHash('sha512').update(image).digest('hex')
  await expect(run({ checksum: { algorithm: 'sha512', value } })).resolves.toMatchObject({
    sizeBytes: image.length,
  })
})

describe('a download that breaks off', () => {
  /** Sends from where it is asked to, but never more than 3 MB at once. */
  const breaking = (validator: () => string, asked: (string | undefined)[]): RequestListener => {
    return (request, response) => {
      asked.push(request.headers.range)
      const isSame = (request.headers['if-range'] ?? validator()) === validator()
      const from = isSame ? Number(/=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0) : 0
      const range = `bytes ${from}-${image.length - 1}/${image.length}`
      response.writeHead(from > 0 ? 206 : 200, {
        'content-length': image.length - from,
        etag: validator(),
        ...(from > 0 ? { 'content-range': range } : {}),
      })
      const part = image.subarray(from, from + 3_000_000)
      if (from + part.length === image.length) response.end(part)
      else response.write(part, () => setImmediate(() => response.destroy()))
    }
  }

  test('goes on from there', async () => {
    const asked: (string | undefined)[] = []
    handler = breaking(() => '"one"', asked)
    await expect(run()).resolves.toMatchObject({ sizeBytes: image.length })
    expect(asked[0]).toBeUndefined()
    expect(asked.length).toBeGreaterThan(3)
    const starts = asked.map((range) => Number(/=(\d+)-/.exec(range ?? '')?.[1] ?? 0))
    expect(starts).toEqual([...new Set(starts)].toSorted((a, b) => a - b))
  })
  test('goes on at the next attempt, of another process', async () => {
    const asked: (string | undefined)[] = []
    handler = breaking(() => '"one"', asked)
    await expect(run({}, { retryMs: [] })).rejects.toMatchObject({ reason: 'truncated' })
    await expect(run({}, { retryMs: [] })).rejects.toMatchObject({ reason: 'truncated' })
    expect(asked[1]).toMatch(/^bytes=\d{6,}-$/)
    await expect(run()).resolves.toMatchObject({ sizeBytes: image.length })
  })
  test('starts anew where the file has changed meanwhile', async () => {
    let etag = '"old"'
    handler = breaking(() => etag, [])
    await expect(run({}, { retryMs: [] })).rejects.toMatchObject({ reason: 'truncated' })
    etag = '"new"'
    await expect(run()).resolves.toMatchObject({ sizeBytes: image.length })
  })
  test('starts anew once where what was kept of it is not of this file', async () => {
    handler = breaking(() => '"one"', [])
    await expect(run({}, { retryMs: [] })).rejects.toMatchObject({ reason: 'truncated' })
    const [part = ''] = (await readdir(join(dir, 'downloads'))).filter((name) => !name.includes('.'))
    const kept = await open(join(dir, 'downloads', part), 'r+')
    await kept.write(Buffer.from('damaged'), 0, 7, 1000)
    await kept.close()
    await expect(run()).resolves.toMatchObject({ sizeBytes: image.length })
  })
})

describe('an import that fails', () => {
  const refusal = async (
    reason: string,
    changes: Partial<ImportOptions['image']> = {},
    options: Partial<ImportOptions> = {},
  ): Promise<string> => {
    const error = await run(changes, options).then(
      () => ({ reason: 'none', message: '' }),
      (failure: { reason: string; message: string }) => failure,
    )
    expect(error.reason).toBe(reason)
    expect(await storedChunks()).toEqual([])
    expect(await readdir(join(dir, 'manifests'))).toEqual([])
    return error.message
  }

  test('by its checksum leaves nothing behind', async () => {
    const message = await refusal('checksum-mismatch', {
      checksum: { algorithm: 'sha256', value: 'ab'.repeat(32) },
    })
    expect(message).toContain(sha256)
  })
  test('because the server stops early is truncated', async () => {
    handler = (_request, response) => {
      response.writeHead(200, { 'content-length': image.length })
      response.write(image.subarray(0, 5_000_000), () => response.destroy())
    }
    await refusal('truncated')
  })
  test('with an HTTP error names it', async () => {
    handler = (_request, response) => response.writeHead(404).end()
    expect(await refusal('http-error')).toContain('404')
  })
  test('after too many redirects is given up', async () => {
    handler = (_request, response) => response.writeHead(302, { location: '/again' }).end()
    await refusal('http-error')
  })
  test('at a server that is not there is unreachable', async () => {
    await refusal('unreachable', { url: 'http://127.0.0.1:9/disk.raw' })
  })
  test('with another scheme is a bad URL', async () => {
    await refusal('bad-url', { url: 'file:///etc/passwd' })
    handler = (_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end()
    await refusal('bad-url')
  })
  test('because the source changed is told as that', async () => {
    await refusal('manifest-changed', { manifestDigest: 'cd'.repeat(32) })
  })
  test('where the disk is full at once, and where it fills up', async () => {
    await refusal('cache-full', {}, { freeBytes: async () => reserveBytes + 100 })
    let checks = 0
    const filling = async () => (checks++ === 0 ? reserveBytes * 4 : reserveBytes - 1)
    await refusal('cache-full', {}, { freeBytes: filling })
    expect(checks).toBe(2)
  })
  test('as it is an archive says how to unpack it', async () => {
    handler = (_request, response) => response.end(Buffer.concat([Buffer.from('504b0304', 'hex'), one]))
    expect(await refusal('not-an-image')).toContain('unzip')
  })
  test('as it is a web page says so', async () => {
    handler = (_request, response) => response.end(`<!DOCTYPE html><html>${' '.repeat(600)}</html>`)
    expect(await refusal('not-an-image')).toContain('web page')
  })
  test('never removes chunks that another image has', async () => {
    const { manifestDigest } = await run()
    await expect(run({ checksum: { algorithm: 'sha256', value: 'ab'.repeat(32) } })).rejects.toThrow()
    expect(await storedChunks()).toHaveLength(2)
    expect(await loadManifest(dir, manifestDigest)).not.toBeNull()
  })
})

test('garbage collection keeps what a kept manifest names', async () => {
  const { manifestDigest } = await run()
  const other = randomBytes(600)
  handler = (_request, response) => response.end(other)
  const second = await run({ checksum: { algorithm: 'sha256', value: sha256Hex(other) } })
  expect(await collectGarbage(dir, new Set([manifestDigest]))).toEqual({ removed: 1 })
  expect(await loadManifest(dir, second.manifestDigest)).toBeNull()
  expect(await storedChunks()).toHaveLength(2)
  expect(await collectGarbage(dir, new Set())).toEqual({ removed: 2 })
})
