import { z } from 'zod'
import { idSchema } from './common.ts'

/** Ed25519 public key as a JWK (RFC 8037). Its fingerprint is the RFC 7638 SHA-256 thumbprint. */
export const publicJwkSchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
})
export type PublicJwk = z.infer<typeof publicJwkSchema>

export const signerKeySchema = z.object({ kid: z.string().max(64), jwk: publicJwkSchema })
export type SignerKey = z.infer<typeof signerKeySchema>

/** POST /api/edge/v1/enrol */
export const enrolRequestSchema = z.object({
  token: z.string().min(16).max(200),
  publicKey: publicJwkSchema,
  hostname: z.string().max(253),
  version: z.string().max(64),
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
