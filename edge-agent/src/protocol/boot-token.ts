import { macSchema } from '@dragonfly/schema/wire'
import { z } from 'zod'
import { parseBase64Url, renderBase64Url } from '../codec/base64url.ts'
import { latin1 } from '../codec/byte-reader.ts'
import { fromLatin1 } from '../codec/byte-writer.ts'

const bootTokenClaimsSchema = z.strictObject({
  v: z.literal(1),
  mac: macSchema,
  /** 16 random bytes, base64url: burned by the supervisor when the ramdisk says hello. */
  nonce: z.string().regex(/^[\w-]{22}$/),
  /** Epoch milliseconds. */
  expiresAt: z.number().int().nonnegative(),
})
type BootTokenClaims = z.infer<typeof bootTokenClaimsSchema>

export type HmacSha256 = (key: Uint8Array, message: Uint8Array) => Uint8Array

const longestTokenLength = 512

/**
 * The one-time token on a ramdisk's kernel command line: `base64url(JSON claims).base64url(HMAC-SHA-256)`, the MAC
 * over the first part as text. It proves that this boot got its script from this edge, for this MAC, lately.
 */
export function mintBootToken(
  claims: { mac: string; nonce: Uint8Array; expiresAt: number },
  key: Uint8Array,
  hmacSha256: HmacSha256,
): string {
  if (claims.nonce.length !== 16) throw new RangeError('a boot token wants a nonce of 16 bytes')
  const { mac, nonce, expiresAt } = claims
  const payload: BootTokenClaims = { v: 1, mac, nonce: renderBase64Url(nonce), expiresAt }
  const signed = renderBase64Url(fromLatin1(JSON.stringify(payload)))
  return `${signed}.${renderBase64Url(hmacSha256(key, fromLatin1(signed)))}`
}

export type BootTokenResult =
  | { kind: 'valid'; claims: BootTokenClaims }
  | { kind: 'invalid'; reason: 'malformed' | 'wrong-signature' | 'expired' }

/** Checks a token. That its nonce is new, and its MAC the caller's, is the business of whoever asks. */
export function verifyBootToken(
  token: string,
  key: Uint8Array,
  hmacSha256: HmacSha256,
  nowMs: number,
): BootTokenResult {
  const [signed = '', signature = '', ...more] = token.length > longestTokenLength ? [] : token.split('.')
  const payload = parseBase64Url(signed)
  const given = parseBase64Url(signature)
  if (!payload?.length || !given || more.length > 0) return { kind: 'invalid', reason: 'malformed' }
  if (!equalInConstantTime(given, hmacSha256(key, fromLatin1(signed)))) {
    return { kind: 'invalid', reason: 'wrong-signature' }
  }
  const claims = bootTokenClaimsSchema.safeParse(parseJson(latin1(payload)))
  if (!claims.success) return { kind: 'invalid', reason: 'malformed' }
  if (claims.data.expiresAt <= nowMs) return { kind: 'invalid', reason: 'expired' }
  return { kind: 'valid', claims: claims.data }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function equalInConstantTime(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  let difference = 0
  for (let index = 0; index < one.length; index++) difference |= (one[index] ?? 0) ^ (other[index] ?? 0)
  return difference === 0
}
