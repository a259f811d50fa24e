import { z } from 'zod'
import { idSchema } from './common.ts'
import { publicJwkSchema } from './keys.ts'

const base64urlSchema = z.string().regex(/^[A-Za-z0-9_-]+$/)
const coordinateSchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/)

/** RFC 7638 SHA-256 thumbprint: how a sealing key is named in a sealed text's recipients (`kid`). */
export const sealingKidSchema = z.string().regex(/^[A-Za-z0-9_-]{43}$/)

/** P-256 public key as a JWK (RFC 7518 section 6.2.1): every browser can seal to it. */
export const sealingJwkSchema = z.object({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: coordinateSchema,
  y: coordinateSchema,
})
export type SealingJwk = z.infer<typeof sealingJwkSchema>

/** `typ` of the JWS by which an edge vouches for its sealing key: alg EdDSA, its identity key. */
export const sealingKeyType = 'dragonfly-sealing-key+jwt'

export const sealingKeyClaimsSchema = z.object({
  kid: sealingKidSchema,
  jwk: sealingJwkSchema,
  /** Keys that it replaced and that the edge still holds, newest first. */
  previous: z.array(sealingKidSchema).max(16),
  /** When the key was made, in seconds (RFC 7519). */
  iat: z.number().int().nonnegative(),
})
export type SealingKeyClaims = z.infer<typeof sealingKeyClaimsSchema>

/** Compact JWS over SealingKeyClaims. */
export const signedSealingKeySchema = z
  .string()
  .max(4096)
  .regex(/^[\w-]+\.[\w-]+\.[\w-]+$/)

/** To whom a site's secrets are sealed. An edge's key counts only when its identity key signed it. */
export const sealingRecipientSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('edge'),
    edgeId: idSchema,
    /** The identity key: its fingerprint is what people compare. */
    publicKey: publicJwkSchema,
    sealingKey: signedSealingKeySchema,
  }),
  /** The organisation's offline recovery key. */
  z.object({ kind: z.literal('recovery'), jwk: sealingJwkSchema }),
])
export type SealingRecipient = z.infer<typeof sealingRecipientSchema>
export const maxSealingRecipients = 64

/** What is sealed for a BMC: whom to send it to is inside, so that an altered address gets no password. */
export const bmcCredentialsSchema = z.object({
  format: z.literal(1),
  siteId: idSchema,
  machineId: idSchema,
  /** Host name or IP address of the BMC, as it was when the password was entered. */
  address: z.string().min(1).max(253),
  username: z.string().max(256),
  password: z.string().max(256),
  /** IPMI 2.0's BMC key (section 13.31), in hexadecimal. */
  kg: z
    .string()
    .regex(/^([0-9a-f]{2}){1,20}$/)
    .optional(),
  /** SHA-256 (hex) of the certificate that the BMC has to show over TLS. */
  tlsPin: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
})
export type BmcCredentials = z.infer<typeof bmcCredentialsSchema>

/** General JWE JSON (RFC 7516 section 7.2.1), ECDH-ES+A256KW and A256GCM. */
export const sealedCredentialsSchema = z.object({
  protected: base64urlSchema.max(1024),
  iv: base64urlSchema.max(64),
  ciphertext: base64urlSchema.max(16 * 1024),
  tag: base64urlSchema.max(64),
  recipients: z
    .array(
      z.object({
        header: z.object({
          alg: z.literal('ECDH-ES+A256KW'),
          kid: sealingKidSchema,
          /** In the protected header when there is one recipient only. */
          epk: sealingJwkSchema.optional(),
        }),
        encrypted_key: base64urlSchema.max(128),
      }),
    )
    .min(1)
    .max(maxSealingRecipients),
})
export type SealedCredentials = z.infer<typeof sealedCredentialsSchema>
