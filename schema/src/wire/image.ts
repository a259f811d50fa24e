import { z } from 'zod'
import { idSchema, sentenceSchema, sha256Schema, sizeBytesSchema } from './common.ts'

/** OS images are cut into chunks of this many raw bytes (the last one may be shorter). */
export const imageChunkBytes = 4 * 1024 * 1024

/**
 * An OS image as verified chunks. `chunks[i]` is the SHA-256 of the raw bytes at `i * chunkBytes`,
 * or null where they are all zero. Its digest is the SHA-256 of its RFC 8785 canonical JSON.
 */
export const imageManifestSchema = z.object({
  format: z.literal(1),
  /** Size of the raw image. */
  sizeBytes: sizeBytesSchema,
  chunkBytes: z.literal(imageChunkBytes),
  /** SHA-256 of the whole raw image. */
  rawSha256: sha256Schema,
  chunks: z.array(sha256Schema.nullable()).max(4_000_000),
})
export type ImageManifest = z.infer<typeof imageManifestSchema>

export const checksumSchema = z.discriminatedUnion('algorithm', [
  z.object({ algorithm: z.literal('sha256'), value: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.object({ algorithm: z.literal('sha512'), value: z.string().regex(/^[0-9a-f]{128}$/) }),
])
export type Checksum = z.infer<typeof checksumSchema>

/** An image that every edge of a site is to hold. `checksum` is that of the file at `url`. */
export const wantedImageSchema = z.object({
  imageId: idSchema,
  name: z.string().max(200),
  url: z.string().max(2000),
  checksum: checksumSchema,
  /** What an older control plane knew of it; edges look at the content. */
  format: z.literal('raw'),
  /** Set once an edge has imported it: another import has to come to the same digest. */
  manifestDigest: sha256Schema.nullable(),
  /** Raised when a person asks for the import to be tried again. */
  attempt: z.number().int().nonnegative(),
})
export type WantedImage = z.infer<typeof wantedImageSchema>

/** Why an import failed; the portal shows the sentence, and what to do by this code. */
export const imageFailureReasons = [
  'checksum-mismatch',
  'truncated',
  'unreachable',
  'http-error',
  'cache-full',
  'bad-url',
  'not-an-image',
  'image-damaged',
  'image-too-large',
  'manifest-changed',
] as const
export const imageFailureSchema = z.object({ reason: z.enum(imageFailureReasons), message: sentenceSchema })
export type ImageFailure = z.infer<typeof imageFailureSchema>
