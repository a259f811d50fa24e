import {
  idSchema,
  imageFailureReasons,
  maxSiblings,
  sentenceSchema,
  sha256Schema,
  sizeBytesSchema,
  wantedImageSchema,
} from '@dragonfly/schema/wire'
import { z } from 'zod'

/** What an import's process tells the supervisor. */
export const importReportSchema = z.discriminatedUnion('type', [
  /** A token for the control plane lives two minutes, and the key that makes it stays with the supervisor. */
  z.object({ type: z.literal('authorize') }),
  z.object({
    type: z.literal('progress'),
    phase: z.enum(['downloading', 'verifying']),
    bytesDone: sizeBytesSchema,
    bytesTotal: sizeBytesSchema.nullable(),
    fromEdgeId: idSchema.optional(),
  }),
  z.object({
    type: z.literal('done'),
    manifestDigest: sha256Schema,
    sizeBytes: sizeBytesSchema,
    storedBytes: sizeBytesSchema,
  }),
  z.object({
    type: z.literal('siblings-failed'),
    edgeIds: z.array(idSchema).max(maxSiblings),
    message: sentenceSchema,
  }),
  z.object({ type: z.literal('failed'), reason: z.enum(imageFailureReasons), message: sentenceSchema }),
])
/** What the supervisor tells it. */
export const importRequestSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('start'),
    dir: z.string(),
    image: wantedImageSchema,
    /** Where an image is that the control plane holds itself. */
    controlPlaneUrl: z.string(),
    /** Edges of the site that have it. */
    siblings: z.array(z.object({ edgeId: idSchema, url: z.string() })).max(maxSiblings),
  }),
  z.object({ type: z.literal('authorization'), authorization: z.string() }),
])
export type ImportRequest = z.infer<typeof importRequestSchema>
export type ImportReport = z.infer<typeof importReportSchema>
