import { uploadPartBytes } from '@dragonfly/schema/api'
import { z } from 'zod'
import { UploadLostError, type UploadStore } from '../../ports/index.ts'
import { digestSha256, emptySha256, updateSha256 } from './resumable-sha256.ts'

/** R2 makes a file of at most so many parts. */
const mostParts = 10_000
/** R2's codes: no such upload (it forgets one after a week), no such part (another took its place). */
const lost = /\((10024|10025)\)/

/** What is needed of a part later on. */
const receiptSchema = z.object({
  etag: z.string(),
  /** Of all the bytes up to the end of this part. */
  sha256: z.object({ words: z.string(), rest: z.string(), sizeBytes: z.number() }),
})

/** Uploads in an R2 bucket: each is a multipart upload, and then one object. */
export function createUploadBucket(bucket: R2Bucket): UploadStore {
  const keyOf = (uploadId: string): string => `image-uploads/${uploadId}`
  const sizeBytes = async (uploadId: string): Promise<number | null> =>
    (await bucket.head(keyOf(uploadId)))?.size ?? null
  return {
    largestBytes: mostParts * uploadPartBytes,
    begin: async (uploadId) => (await bucket.createMultipartUpload(keyOf(uploadId))).uploadId,
    async write({ uploadId, session }, { index, bytes, receiptBefore }) {
      const before = receiptBefore === null ? emptySha256 : readReceipt(receiptBefore).sha256
      const upload = bucket.resumeMultipartUpload(keyOf(uploadId), session)
      const { etag } = await namingLoss(upload.uploadPart(index + 1, bytes))
      return JSON.stringify({ etag, sha256: updateSha256(before, bytes) } satisfies z.output<
        typeof receiptSchema
      >)
    },
    async finish({ uploadId, session }, receipts) {
      const parts = receipts.map(readReceipt)
      const whole = parts.at(-1)?.sha256 ?? emptySha256
      // It may have been finished before, by somebody who never heard of it.
      if ((await sizeBytes(uploadId)) !== whole.sizeBytes) {
        const upload = bucket.resumeMultipartUpload(keyOf(uploadId), session)
        const named = parts.map(({ etag }, index) => ({ partNumber: index + 1, etag }))
        await namingLoss(upload.complete(named))
      }
      return digestSha256(whole)
    },
    async read(uploadId, from, end) {
      if (from >= end) return (await sizeBytes(uploadId)) === null ? null : emptyStream()
      const object = await bucket.get(keyOf(uploadId), { range: { offset: from, length: end - from } })
      return object?.body ?? null
    },
    sizeBytes,
    async remove(uploadId, session) {
      if (session !== null) await abort(bucket.resumeMultipartUpload(keyOf(uploadId), session))
      await bucket.delete(keyOf(uploadId))
    },
    freeBytes: async () => null,
  }
}

function readReceipt(text: string): z.output<typeof receiptSchema> {
  return receiptSchema.parse(JSON.parse(text))
}

async function namingLoss<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Error && lost.test(error.message))
      throw new UploadLostError(error.message, { cause: error })
    throw error
  }
}

async function abort(upload: R2MultipartUpload): Promise<void> {
  await namingLoss(upload.abort()).catch((error: unknown) => {
    if (!(error instanceof UploadLostError)) throw error
  })
}

function emptyStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({ start: (controller) => controller.close() })
}
