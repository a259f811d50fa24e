import { createHash, randomBytes } from 'node:crypto'
import { zstdCompressSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { createChunkSlots } from './chunk-slot.ts'
import { createChunkThreads } from './chunk-threads.ts'

const chunkBytes = 64 * 1024
const threads = createChunkThreads(2)
afterAll(() => threads.close())

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

test('unpacks into shared memory, many at once, each to its own asker', async () => {
  const slots = createChunkSlots(8, chunkBytes)
  await Promise.all(
    slots.map(async ({ frame, raw }, index) => {
      // Small ones come out of a pool of Node's, which must stay whole.
      const bytes = randomBytes(index % 2 === 0 ? chunkBytes : 1 + index)
      const packed = zstdCompressSync(bytes)
      frame.set(packed)
      const into = raw.subarray(0, bytes.length)
      expect(await threads.work({ frame: frame.subarray(0, packed.length), into })).toEqual({
        sha256: sha256(bytes),
      })
      expect(Buffer.compare(into, bytes)).toBe(0)
      expect(await threads.work({ frame: null, into })).toEqual({ sha256: sha256(bytes) })
    }),
  )
})

test.each([
  ['rubbish', Buffer.from('rubbish'), 'it can’t be decompressed'],
  ['a frame of too little', zstdCompressSync(Buffer.alloc(99)), 'it has 99 bytes instead of 100'],
  ['a frame of too much', zstdCompressSync(Buffer.alloc(101)), 'it can’t be decompressed'],
])('says what is wrong with %s', async (_name, packed, fault) => {
  const [{ frame, raw }] = createChunkSlots(1, chunkBytes) as [ReturnType<typeof createChunkSlots>[0]]
  frame.set(packed)
  const task = { frame: frame.subarray(0, packed.length), into: raw.subarray(0, 100) }
  expect(await threads.work(task)).toEqual({ fault })
})

test('threads that have ended fail what they are asked', async () => {
  const ended = createChunkThreads(1)
  await ended.close()
  await expect(ended.work({ frame: null, into: new Uint8Array(1) })).rejects.toMatchObject({
    reason: 'internal',
  })
})
