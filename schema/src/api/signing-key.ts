import { z } from '@hono/zod-openapi'
import { epochMsSchema, idSchema } from './common.ts'

export const signingKeyViewSchema = z
  .object({
    /** RFC 7638 thumbprint of the key that signs. */
    kid: z.string(),
    /** Null for one from before this was noted. */
    createdAt: epochMsSchema.nullable(),
    /** Keys before it that still count for what they signed, and until when at least. */
    earlier: z.array(z.object({ kid: z.string(), until: epochMsSchema })),
    /** Edges, now connected, that are too old to follow a new key. */
    behind: z.array(z.object({ edgeId: idSchema, hostname: z.string() })),
  })
  .openapi('SigningKey')
export type SigningKeyView = z.infer<typeof signingKeyViewSchema>

export const signingKeyInputSchema = z
  .object({
    /** `kid` of the key that the person saw. */
    replaces: z.string().max(64),
    /** It may have been stolen: nothing that it signed counts any more. */
    isStolen: z.boolean().default(false),
  })
  .openapi('SigningKeyInput')
export type SigningKeyInput = z.infer<typeof signingKeyInputSchema>
