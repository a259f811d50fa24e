import { z } from 'zod'
import { idSchema } from './common.ts'
import { publicJwkSchema, signerKeySchema } from './keys.ts'
import { signedSealingKeySchema } from './sealing.ts'

/** POST /api/edge/v1/enrol */
export const enrolRequestSchema = z.object({
  token: z.string().min(16).max(200),
  publicKey: publicJwkSchema,
  hostname: z.string().max(253),
  version: z.string().max(64),
  /** Left out by an older edge. */
  sealingKey: signedSealingKeySchema.optional(),
})
export type EnrolRequest = z.infer<typeof enrolRequestSchema>

export const enrolResponseSchema = z.object({
  edgeId: idSchema,
  siteId: idSchema,
  siteName: z.string(),
  controlPlaneId: idSchema,
  signerKeys: z.array(signerKeySchema).min(1),
})
export type EnrolResponse = z.infer<typeof enrolResponseSchema>

/**
 * How an edge proves itself on every other /api/edge/v1 request: `Authorization: Bearer <JWT>`, EdDSA with its own key,
 * `iss` = edge id, `aud` = control plane id, `exp` at most 120 s ahead, `jti` random.
 */
export const edgeTokenLifetimeSeconds = 60
