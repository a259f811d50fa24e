import { z } from '@hono/zod-openapi'
import { imageFailureReasons } from '../wire/image.ts'
import { checksumTextSchema } from './checksum.ts'
import { epochMsSchema, idSchema } from './common.ts'

export const imageSiteViewSchema = z.object({
  edgeId: idSchema,
  hostname: z.string(),
  siteId: idSchema,
  siteName: z.string(),
  /** `evicted`: it made room for others there, and is imported again when a deployment wants it. */
  status: z.enum(['waiting', 'downloading', 'verifying', 'ready', 'failed', 'evicted']),
  bytesDone: z.number().int().nullable(),
  bytesTotal: z.number().int().nullable(),
  /** The edge of the same site that it is fetched from; null where it comes from its source. */
  fromEdgeId: idSchema.nullable(),
  failure: z
    .object({ reason: z.enum(imageFailureReasons), message: z.string(), nextStep: z.string() })
    .nullable(),
  updatedAt: epochMsSchema,
})

export const imageViewSchema = z
  .object({
    imageId: idSchema,
    name: z.string(),
    url: z.string(),
    checksum: z.object({ algorithm: z.enum(['sha256', 'sha512']), value: z.string() }),
    format: z.enum(['raw']),
    /** Null until an edge has imported it. */
    sizeBytes: z.number().int().nullable(),
    storedBytes: z.number().int().nullable(),
    manifestDigest: z.string().nullable(),
    status: z.enum(['waiting', 'importing', 'ready', 'failed']),
    edges: z.array(imageSiteViewSchema),
    createdAt: epochMsSchema,
  })
  .openapi('Image')
export type ImageView = z.infer<typeof imageViewSchema>

export const imageCreateSchema = z
  .object({
    name: z.string().trim().min(1, 'An image needs a name.').max(100),
    url: z
      .string()
      .trim()
      .max(2000)
      .regex(/^https?:\/\/[^\s/?#]+\/\S*$/, 'Give an http:// or https:// address of a disk image.'),
    checksum: checksumTextSchema,
  })
  .openapi('ImageCreate')

export const templateViewSchema = z
  .object({
    templateId: idSchema,
    name: z.string(),
    title: z.string(),
    description: z.string(),
    builtIn: z.boolean(),
    yaml: z.string(),
    phonesHome: z.boolean(),
    createdAt: epochMsSchema,
  })
  .openapi('Template')
export type TemplateView = z.infer<typeof templateViewSchema>

export const templateCreateSchema = z
  .object({
    yaml: z
      .string()
      .min(1)
      .max(128 * 1024),
  })
  .openapi('TemplateCreate')
