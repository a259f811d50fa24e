import { z } from '@hono/zod-openapi'
import { checksumTextSchema } from './checksum.ts'
import { epochMsSchema, idSchema } from './common.ts'

/** A part of an upload has at most so many bytes. */
export const uploadPartBytes = 8 * 1024 * 1024
/** Images are smaller than the disks they are for. */
const mostUploadBytes = 1024 ** 4

export const imageUploadSchema = z
  .object({
    uploadId: idSchema,
    name: z.string(),
    fileName: z.string(),
    sizeBytes: z.number().int(),
    /** Every part has so many bytes, but the last. */
    partBytes: z.number().int(),
    /** The next part starts here. */
    receivedBytes: z.number().int(),
    /** SHA-256 of the part that came last: whoever goes on shows by it that they have the same file. */
    lastPart: z.object({ offset: z.number().int(), sha256: z.string() }).nullable(),
    createdAt: epochMsSchema,
    updatedAt: epochMsSchema,
  })
  .openapi('ImageUpload')
export type ImageUpload = z.infer<typeof imageUploadSchema>

export const imageUploadListSchema = z.object({
  items: z.array(imageUploadSchema),
  /** Bytes that a new upload may have; null where this control plane keeps no files. */
  roomBytes: z.number().int().nullable(),
  /** Why no file can be uploaded here, and what to do about it; null where one can. */
  refusal: z.string().nullable(),
})

export const imageUploadCreateSchema = z
  .object({
    name: z.string().trim().min(1, 'An image needs a name.').max(100),
    fileName: z.string().trim().min(1).max(255),
    sizeBytes: z
      .number()
      .int()
      .min(512, 'The file is smaller than one disk sector: it is not a disk image.')
      .max(mostUploadBytes, 'An image has at most 1 TiB.'),
    /** The publisher's; without it the bytes that arrived are taken for right. */
    checksum: checksumTextSchema.optional(),
  })
  .openapi('ImageUploadCreate')

export const uploadPartQuerySchema = z.object({
  offset: z.coerce.number().int().min(0).openapi({ type: 'integer', minimum: 0 }),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
})
