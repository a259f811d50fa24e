import { expect, it, vi } from 'vitest'
import { ApiError, problemFrom } from '../../api/problem.ts'
import type { Image, ImageUpload } from '../../api/views.ts'
import { createImage } from '../testing/views.ts'
import { createUploads } from './uploads.ts'

const partBytes = 1000
const file = new Blob([Uint8Array.from({ length: 3456 }, (_, index) => index % 251)])

/** A server that keeps what it is sent; `fail` is asked before each part. */
function createServer(fail: (offset: number) => ApiError | null = () => null) {
  let upload: ImageUpload = {
    uploadId: 'u1',
    name: 'Debian',
    fileName: 'debian.raw',
    sizeBytes: file.size,
    partBytes,
    receivedBytes: 0,
    lastPart: null,
    createdAt: 0,
    updatedAt: 0,
  }
  const offsets: number[] = []
  const finished: Image[] = []
  const uploads = createUploads({
    put: async (_uploadId, offset, sha256, bytes) => {
      const failure = fail(offset)
      if (failure) throw failure
      offsets.push(offset)
      upload = { ...upload, receivedBytes: offset + bytes.byteLength, lastPart: { offset, sha256 } }
      return upload
    },
    finish: async () => createImage(),
    read: async () => upload,
    sleep: async () => undefined,
    onFinished: (image) => finished.push(image),
  })
  return { uploads, offsets, finished, current: () => upload }
}

const away = () => new ApiError(problemFrom({ code: 'unreachable' }, 0))

it('sends a file in parts and makes an image of it', async () => {
  const { uploads, offsets, finished, current } = createServer()
  expect(await uploads.start(current(), file)).toBeNull()
  await vi.waitFor(() => expect(finished).toHaveLength(1))
  expect(offsets).toEqual([0, 1000, 2000, 3000])
  expect(uploads.list()).toEqual([])
})

it('goes on by itself when the server was away, from where the server has it', async () => {
  let failures = 3
  const { uploads, offsets, finished, current } = createServer((offset) =>
    offset === 2000 && failures-- > 0 ? away() : null,
  )
  await uploads.start(current(), file)
  await vi.waitFor(() => expect(finished).toHaveLength(1))
  expect(offsets).toEqual([0, 1000, 2000, 3000])
})

it('stops with the server’s sentence when it is refused', async () => {
  const refusal = new ApiError(problemFrom({ detail: 'No.', code: 'forbidden' }, 403))
  const { uploads, current } = createServer(() => refusal)
  await uploads.start(current(), file)
  await vi.waitFor(() => expect(uploads.list()).toMatchObject([{ state: 'failed', message: 'No.' }]))
})

it('is paused, and goes on after a reload with the same file only', async () => {
  const first = createServer((offset) => {
    if (offset === 2000) first.uploads.pause('u1')
    return null
  })
  await first.uploads.start(first.current(), file)
  // The part that was under way still arrives.
  await vi.waitFor(() => expect(first.current().receivedBytes).toBe(3000))
  await vi.waitFor(() => expect(first.uploads.list()).toMatchObject([{ state: 'paused', sentBytes: 3000 }]))
  expect(first.finished).toEqual([])
  const left = first.current()
  const second = createServer()
  const other = new Blob([new Uint8Array(file.size)])
  expect(await second.uploads.start(left, other)).toContain('not the file')
  expect(await second.uploads.start(left, new Blob(['short']))).toContain('not the file')
  expect(await second.uploads.start(left, file)).toBeNull()
  await vi.waitFor(() => expect(second.finished).toHaveLength(1))
  expect(second.offsets).toEqual([3000])
})
