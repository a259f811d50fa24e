import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { UploadLostError, type UploadStore } from '../../ports/index.ts'

/** What uploads leave free: the database is on the same disk. */
const reserveBytes = 2 * 1024 ** 3

/** Uploads as files in a folder. */
export function createUploadFiles(dir: string): UploadStore {
  const pathOf = (uploadId: string): string => {
    if (!/^[\w-]{1,64}$/.test(uploadId)) throw new Error('an upload’s id is no file name')
    return join(dir, uploadId)
  }
  return {
    largestBytes: Number.MAX_SAFE_INTEGER,
    begin: async () => '',
    write: async ({ uploadId }, { offset, bytes }) => {
      await mkdir(dir, { recursive: true, mode: 0o700 })
      const file = await openForPart(pathOf(uploadId), offset)
      try {
        await file.truncate(offset)
        for (let done = 0; done < bytes.length; )
          done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten
        await file.datasync()
      } finally {
        await file.close()
      }
      return ''
    },
    finish: async ({ uploadId }) => {
      if (!(await stat(pathOf(uploadId)).catch(() => null))) throw new UploadLostError('the file is gone')
      const hash = createHash('sha256')
      for await (const part of createReadStream(pathOf(uploadId), { highWaterMark: 1024 * 1024 }))
        hash.update(part as Buffer)
      return hash.digest('hex')
    },
    read: async (uploadId, from, end) => {
      const file = await open(pathOf(uploadId), 'r').catch(() => null)
      if (!file) return null
      if (from >= end) {
        await file.close()
        return new ReadableStream({ start: (controller) => controller.close() })
      }
      const stream = file.createReadStream({ start: from, end: end - 1, highWaterMark: 256 * 1024 })
      return Readable.toWeb(stream) as ReadableStream<Uint8Array>
    },
    sizeBytes: async (uploadId) => (await stat(pathOf(uploadId)).catch(() => null))?.size ?? null,
    remove: (uploadId) => rm(pathOf(uploadId), { force: true }),
    freeBytes: async () => {
      await mkdir(dir, { recursive: true, mode: 0o700 })
      const { bavail, bsize } = await statfs(dir)
      return Math.max(0, bavail * bsize - reserveBytes)
    },
  }
}

async function openForPart(path: string, offset: number): Promise<FileHandle> {
  try {
    return await open(path, offset === 0 ? 'w' : 'r+', 0o600)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      throw new UploadLostError('the file is gone', { cause: error })
    throw error
  }
}
