import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { imageChunkBytes } from '@dragonfly/schema/wire'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ChunkThreads, createChunkThreads } from './chunk-threads.ts'
import { type Clock, systemClock } from './clock.ts'
import { type DiskTarget, openDiskTarget } from './disk-target.ts'
import { WorkFailure } from './failure.ts'
import { createHttpGet } from './http-get.ts'
import { createImageSource } from './image-source.ts'
import { parallelChunks, writeImage } from './image-writer.ts'
import { createTestImage, serveImage, type Tamper, type TestImage, type TestImageServer } from './testing.ts'
import { markOffset } from './write-mark.ts'

let directory = ''
let threads: ChunkThreads
beforeAll(() => {
  threads = createChunkThreads(2)
})
afterAll(() => threads.close())
let servers: TestImageServer[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'dragonfly-writer-'))
})
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  servers = []
  rmSync(directory, { recursive: true })
})

/** Time passes only while something sleeps: two minutes of retries take no time at all. */
function createJumpingClock(onSleep: (ms: number) => Promise<void> | void = () => {}): Clock {
  let now = 1_000_000
  return {
    now: () => now,
    async sleep(ms) {
      now += ms
      await onSleep(ms)
    },
  }
}

interface Run {
  /** The disk is as the run before left it. */
  sameDisk?: boolean
  onResumed?: (bytesKept: number) => void
  diskBytes?: number
  clock?: Clock
  urls?: string[]
  signal?: AbortSignal
  onProgress?: (bytesDone: number) => void
  wrap?: (target: DiskTarget) => DiskTarget
}

async function write(image: TestImage, run: Run & { urls: string[] }): Promise<Buffer> {
  const path = join(directory, 'disk')
  const sizeBytes = run.diskBytes ?? Math.ceil(image.raw.length / 4096) * 4096
  if (!run.sameDisk) writeFileSync(path, Buffer.alloc(sizeBytes, 0xee))
  const target = await openDiskTarget({ path, sizeBytes })
  const source = createImageSource({
    get: createHttpGet(),
    clock: run.clock ?? systemClock,
    threads,
    servers: run.urls,
    warn: () => {},
  })
  try {
    await writeImage({
      manifest: image.manifest,
      source,
      target: run.wrap?.(target) ?? target,
      threads,
      signal: run.signal ?? new AbortController().signal,
      onProgress: run.onProgress ?? (() => {}),
      ...(run.onResumed ? { onResumed: run.onResumed } : {}),
    })
  } finally {
    await target.close()
  }
  return readFileSync(path)
}

async function serve(image: TestImage, tamper?: Tamper): Promise<TestImageServer> {
  const server = await serveImage(image, tamper)
  servers.push(server)
  return server
}

function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => null,
    (error) => error,
  )
}

test('writes data and zeros exactly, and leaves nothing old at the end of a larger disk', async () => {
  const image = createTestImage('a0b00c0')
  const server = await serve(image)
  const diskBytes = image.raw.length + 8 * imageChunkBytes
  const progress: number[] = []
  const disk = await write(image, {
    urls: [server.url],
    diskBytes,
    onProgress: (bytesDone) => progress.push(bytesDone),
  })
  expect(disk.subarray(0, image.raw.length).equals(image.raw)).toBe(true)
  expect(disk.subarray(-1024 * 1024).every((byte) => byte === 0)).toBe(true)
  expect(disk[image.raw.length + imageChunkBytes]).toBe(0xee)
  expect(progress.at(-1)).toBe(image.raw.length)
  expect(progress).toEqual(progress.toSorted((a, b) => a - b))
})

test.each([1, 511, 512, 4096, 4097, imageChunkBytes - 1, imageChunkBytes + 1, 2 * imageChunkBytes + 700])(
  'writes an image of %i bytes and nothing behind it',
  async (sizeBytes) => {
    const image = createTestImage('abc', sizeBytes)
    const server = await serve(image)
    const disk = await write(image, { urls: [server.url], diskBytes: 5 * imageChunkBytes })
    expect(disk.subarray(0, sizeBytes).equals(image.raw)).toBe(true)
    const untouched = disk.subarray(Math.max(sizeBytes, imageChunkBytes), 4 * imageChunkBytes)
    expect(untouched.every((byte) => byte === 0xee)).toBe(true)
  },
)

test('writes zeros up to the last odd byte', async () => {
  const image = createTestImage('a00', 2 * imageChunkBytes + 4097)
  const server = await serve(image)
  const disk = await write(image, { urls: [server.url], diskBytes: 5 * imageChunkBytes })
  expect(disk.subarray(0, image.raw.length).equals(image.raw)).toBe(true)
  expect(disk[image.raw.length]).toBe(0xee)
})

test('writes the first chunk last, so that a broken-off disk is never booted', async () => {
  const image = createTestImage('abcdef')
  const server = await serve(image)
  const log: string[] = []
  await write(image, {
    urls: [server.url],
    wrap: (target) => ({
      ...target,
      zero: (offset, length) => {
        log.push(`zero ${offset}`)
        return target.zero(offset, length)
      },
      write: (bytes, offset) => {
        log.push(`write ${offset}`)
        return target.write(bytes, offset)
      },
      flush: () => {
        log.push('flush')
        return target.flush()
      },
    }),
  })
  // Only which image this is stands in the place of the first chunk.
  expect(log.slice(0, 3)).toEqual(['zero 0', `write ${markOffset}`, 'flush'])
  expect(log.slice(-3)).toEqual(['flush', 'write 0', 'flush'])
})

describe('after a power cut', () => {
  /** Cuts the power when so many chunks have been written: what was under way is lost or half there. */
  const cutAfter = async (image: TestImage, chunks: number): Promise<void> => {
    const server = await serve(image)
    let written = 0
    const failure = await failureOf(
      write(image, {
        urls: [server.url],
        wrap: (target) => ({
          ...target,
          write: async (bytes, offset) => {
            if (offset === markOffset) return target.write(bytes, offset)
            if (written++ < chunks) return target.write(bytes, offset)
            await target.write(bytes.subarray(0, 8192), offset)
            throw new WorkFailure('disk-write-error', 'The power is gone.')
          },
        }),
      }),
    )
    expect(failure).toMatchObject({ reason: 'disk-write-error' })
  }

  test('fetches only what is missing', async () => {
    const image = createTestImage('abc00defghijkl0mnop')
    await cutAfter(image, 9)
    const server = await serve(image)
    const kept: number[] = []
    const disk = await write(image, {
      urls: [server.url],
      sameDisk: true,
      onResumed: (bytes) => kept.push(bytes),
    })
    expect(disk.equals(image.raw)).toBe(true)
    expect(kept).toEqual([9 * imageChunkBytes])
    expect(server.requests.size).toBe(image.chunks.size - 9)
  })
  test('of another image nothing is taken for its own', async () => {
    await cutAfter(createTestImage('abcdefgh'), 5)
    const other = createTestImage('abcdefgh', 7 * imageChunkBytes + 512)
    const server = await serve(other)
    const disk = await write(other, {
      urls: [server.url],
      sameDisk: true,
      onResumed: () => expect.unreachable(),
    })
    expect(disk.subarray(0, other.raw.length).equals(other.raw)).toBe(true)
  })
  test('a disk that was written whole is written again whole', async () => {
    const image = createTestImage('abcdef')
    const first = await serve(image)
    await write(image, { urls: [first.url] })
    const second = await serve(image)
    await write(image, { urls: [second.url], sameDisk: true })
    expect(second.requests.size).toBe(first.requests.size)
  })
})

test('fetches a chunk that arrived damaged again', async () => {
  const image = createTestImage('abc')
  const bad = image.manifest.chunks[1] ?? ''
  const server = await serve(image, (name, response, times) => {
    if (name !== bad || times > 1) return false
    const frame = Buffer.from(image.chunks.get(bad) ?? [])
    frame[frame.length - 20] = (frame[frame.length - 20] ?? 0) ^ 0xff
    response.end(frame)
    return true
  })
  const disk = await write(image, { urls: [server.url] })
  expect(disk.equals(image.raw)).toBe(true)
  expect(server.requests.get(bad)).toBe(2)
})

test('never writes a whole chunk of other bytes; gives up with its name after three more tries', async () => {
  const image = createTestImage('abc')
  const [, bad = '', other = ''] = image.manifest.chunks.map((name) => name ?? '')
  const server = await serve(image, (name, response) => {
    if (name !== bad) return false
    response.end(image.chunks.get(other))
    return true
  })
  const failure = await failureOf(write(image, { urls: [server.url] }))
  expect(failure).toBeInstanceOf(WorkFailure)
  expect(failure).toMatchObject({ reason: 'chunk-corrupt', chunk: bad })
  expect((failure as Error).message).toContain(`byte ${imageChunkBytes}`)
  expect(server.requests.get(bad)).toBe(4)
  const disk = readFileSync(join(directory, 'disk'))
  expect(disk.subarray(imageChunkBytes, 2 * imageChunkBytes).every((byte) => byte === 0xee)).toBe(true)
})

test('takes a damaged or missing chunk from another server', async () => {
  const image = createTestImage('abcd')
  const [, corrupt, missing] = image.manifest.chunks
  const first = await serve(image, (name, response) => {
    if (name !== corrupt && name !== missing) return false
    response.statusCode = name === missing ? 404 : 200
    response.end('rubbish')
    return true
  })
  const second = await serve(image)
  const disk = await write(image, { urls: [first.url, second.url] })
  expect(disk.equals(image.raw)).toBe(true)
})

test('names a chunk that no server has', async () => {
  const image = createTestImage('abc')
  const missing = image.manifest.chunks[2] ?? ''
  image.chunks.delete(missing)
  const [first, second] = [await serve(image), await serve(image)]
  const failure = await failureOf(write(image, { urls: [first.url, second.url] }))
  expect(failure).toMatchObject({ reason: 'chunk-missing', chunk: missing })
})

test('a body that breaks off is fetched again', async () => {
  const image = createTestImage('abc')
  const broken = image.manifest.chunks[1] ?? ''
  const server = await serve(image, (name, response, times) => {
    if (name !== broken || times > 1) return false
    const frame = image.chunks.get(broken) ?? new Uint8Array()
    response.setHeader('content-length', frame.length)
    response.write(frame.subarray(0, frame.length / 2))
    setImmediate(() => response.destroy())
    return true
  })
  const disk = await write(image, { urls: [server.url], clock: createJumpingClock() })
  expect(disk.equals(image.raw)).toBe(true)
})

test('a zstd bomb is stopped at the chunk’s size', async () => {
  const image = createTestImage('ab')
  const bad = image.manifest.chunks[1] ?? ''
  const { zstdCompressSync } = await import('node:zlib')
  const bomb = zstdCompressSync(Buffer.alloc(64 * imageChunkBytes))
  const server = await serve(image, (name, response) => {
    if (name !== bad) return false
    response.end(bomb)
    return true
  })
  const failure = await failureOf(write(image, { urls: [server.url] }))
  expect(failure).toMatchObject({ reason: 'chunk-corrupt', chunk: bad })
})

test('waits for a server that is away for a while', async () => {
  const image = createTestImage('abcdefgh')
  let served = 0
  let away: Promise<void> | null = null
  const server: TestImageServer = await serve(image, (_name, response) => {
    served++
    if (served < 4 || away !== null) return false
    response.destroy()
    away = server.stop()
    return true
  })
  let sleeps = 0
  const clock = createJumpingClock(async () => {
    sleeps++
    if (sleeps !== 12) return
    await away
    await server.start()
  })
  const disk = await write(image, { urls: [server.url], clock })
  expect(disk.equals(image.raw)).toBe(true)
  expect(sleeps).toBeGreaterThanOrEqual(12)
})

test('gives up on servers that stay away for two minutes', async () => {
  const image = createTestImage('ab')
  const server = await serve(image)
  await server.stop()
  const failure = await failureOf(write(image, { urls: [server.url], clock: createJumpingClock() }))
  expect(failure).toMatchObject({ reason: 'image-server-unreachable' })
})

test('an abort stops the writing, and nothing is written after it has ended', async () => {
  const image = createTestImage('abcdefghijkl')
  const server = await serve(image)
  const abort = new AbortController()
  let writing = 0
  const failure = await failureOf(
    write(image, {
      urls: [server.url],
      signal: abort.signal,
      onProgress: (bytesDone) => {
        if (bytesDone >= 2 * imageChunkBytes) abort.abort()
      },
      wrap: (target) => ({
        ...target,
        async write(bytes, offset) {
          writing++
          await target.write(bytes, offset)
          writing--
        },
      }),
    }),
  )
  expect(failure).toMatchObject({ reason: 'aborted' })
  expect(writing).toBe(0)
  const requests = [...server.requests.values()].reduce((sum, times) => sum + times, 0)
  expect(requests).toBeLessThanOrEqual(2 + 2 * parallelChunks)
})

test('keeps no more chunks under way than it has memory for', async () => {
  const image = createTestImage('abcdefghijklmnop')
  const held: (() => void)[] = []
  // The first requests are answered only when as many as there may be have come.
  const server = await serve(image, (name, response, times) => {
    if (times > 1 || held.length >= parallelChunks) return false
    held.push(() => response.end(image.chunks.get(name)))
    if (held.length === parallelChunks) for (const answer of held) answer()
    return true
  })
  let writing = 0
  let maxWriting = 0
  await write(image, {
    urls: [server.url],
    wrap: (target) => ({
      ...target,
      async write(bytes, offset) {
        writing++
        maxWriting = Math.max(maxWriting, writing)
        await target.write(bytes, offset)
        writing--
      },
    }),
  })
  expect(server.maxParallel()).toBe(parallelChunks)
  expect(maxWriting).toBeLessThanOrEqual(parallelChunks)
})

test('notices a disk that does not hold what was written to it', async () => {
  const image = createTestImage('abcd')
  const server = await serve(image)
  const lying = (target: DiskTarget): DiskTarget => ({
    ...target,
    write: (bytes, offset) => target.write(offset === 3 * imageChunkBytes ? bytes.fill(0) : bytes, offset),
  })
  const failure = await failureOf(write(image, { urls: [server.url], wrap: lying }))
  expect(failure).toMatchObject({ reason: 'verify-mismatch' })
  expect((failure as Error).message).toContain(`byte ${3 * imageChunkBytes}`)
})

test('notices zeros that were not written', async () => {
  const image = createTestImage('a0')
  const server = await serve(image)
  const lying = (target: DiskTarget): DiskTarget => ({
    ...target,
    zero: async (offset, length) => {
      if (offset === 0) await target.zero(offset, length)
    },
  })
  expect(await failureOf(write(image, { urls: [server.url], wrap: lying }))).toMatchObject({
    reason: 'verify-mismatch',
  })
})

test('a failing write names the disk and the place', async () => {
  const image = createTestImage('abc')
  const server = await serve(image)
  const failure = await failureOf(
    write(image, {
      urls: [server.url],
      wrap: (target) => ({
        ...target,
        write: (_bytes, offset) =>
          Promise.reject(new WorkFailure('disk-write-error', `Writing failed at byte ${offset}.`)),
      }),
    }),
  )
  expect(failure).toMatchObject({ reason: 'disk-write-error' })
})

test('the manifest is taken only with the right digest', async () => {
  const image = createTestImage('a')
  const server = await serve(image)
  const source = createImageSource({
    get: createHttpGet(),
    clock: createJumpingClock(),
    threads,
    servers: [server.url],
    warn: () => {},
  })
  const signal = new AbortController().signal
  expect(Buffer.from(await source.fetchManifest(image.digest, signal)).toString()).toBe(image.manifestText)
  const wrong = 'f'.repeat(64)
  expect(await failureOf(source.fetchManifest(wrong, signal))).toMatchObject({
    reason: 'chunk-corrupt',
    chunk: wrong,
  })
})
