import { z } from 'zod'
import { idSchema } from './common.ts'
import { publicJwkSchema } from './keys.ts'
import { signedSealingKeySchema } from './sealing.ts'

/** `typ` of the JWS header (RFC 7515), alg EdDSA, by which one identity key of an edge speaks of another. */
export const edgeKeyChangeType = 'dragonfly-edge-key+jwt'

/** Both keys sign the same claims: the one before vouches, and the new one shows that it is held. */
export const edgeKeyChangeSchema = z.object({
  /** The edge, and the control plane that it is for. */
  iss: idSchema,
  aud: idSchema,
  /** Seconds (RFC 7519). */
  iat: z.number().int(),
  /** RFC 7638 thumbprint of the key before. */
  previous: z.string().max(64),
  jwk: publicJwkSchema,
})
export type EdgeKeyChange = z.infer<typeof edgeKeyChangeSchema>

/** POST /api/edge/v1/key, with a token by the key before. */
export const replaceKeyRequestSchema = z.object({
  /** Compact JWS over EdgeKeyChange by the key before. */
  vouched: z.string().max(2048),
  /** The same by the new key. */
  proof: z.string().max(2048),
  /** What is sealed to the edge, vouched for by the new key. */
  sealingKey: signedSealingKeySchema.optional(),
})
export type ReplaceKeyRequest = z.infer<typeof replaceKeyRequestSchema>

/** GET and POST /api/edge/v1/key: the thumbprint of the one key by which this edge is known. */
export const edgeKeyViewSchema = z.object({ fingerprint: z.string() })
