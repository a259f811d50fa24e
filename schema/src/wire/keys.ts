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

/**
 * `typ` of a link's JWS header (RFC 7515), alg EdDSA: the signer key named by `kid` vouches for the one that follows it.
 * A signature by a newer key carries the links that lead to it as `links` in its protected header, oldest first.
 */
export const signerLinkType = 'dragonfly-signer-link+jwt'
export const signerLinkSchema = z.object({
  ...signerKeySchema.shape,
  /** Seconds (RFC 7519). */
  iat: z.number().int(),
  /** Keys before it may have been stolen: an edge forgets them for good. */
  forgetsEarlier: z.boolean(),
})
export type SignerLink = z.infer<typeof signerLinkSchema>

/** An edge that was away while more keys followed each other has to join again. */
export const maxSignerLinks = 16
/** Compact JWS over SignerLink. */
export const signedSignerLinkSchema = z.string().max(2048)
