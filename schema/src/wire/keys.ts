import { z } from 'zod'

/** Ed25519 public key as a JWK (RFC 8037). Its fingerprint is the RFC 7638 SHA-256 thumbprint. */
export const publicJwkSchema = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
})
export type PublicJwk = z.infer<typeof publicJwkSchema>

export const signerKeySchema = z.object({ kid: z.string().max(64), jwk: publicJwkSchema })
export type SignerKey = z.infer<typeof signerKeySchema>
