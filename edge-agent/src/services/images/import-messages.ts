import { imageFailureReasons, sentenceSchema, sha256Schema, sizeBytesSchema } from '@dragonfly/schema/wire'
import { z } from 'zod'

/** What an import's process tells the supervisor. */
export const importReportSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('progress'),
    phase: z.enum(['downloading', 'verifying']),
    bytesDone: sizeBytesSchema,
    bytesTotal: sizeBytesSchema.nullable(),
  }),
  z.object({
    type: z.literal('done'),
    manifestDigest: sha256Schema,
    sizeBytes: sizeBytesSchema,
    storedBytes: sizeBytesSchema,
  }),
  z.object({ type: z.literal('failed'), reason: z.enum(imageFailureReasons), message: sentenceSchema }),
])
export type ImportReport = z.infer<typeof importReportSchema>
