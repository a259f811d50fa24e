import { createHash, randomUUID } from 'node:crypto'
import {
  edgeTokenLifetimeSeconds,
  maxSignerLinks,
  type Plan,
  type SignerKey,
  signedSignerLinkSchema,
  signerLinkSchema,
  signerLinkType,
} from '@dragonfly/schema/wire'
import canonicalize from 'canonicalize'
import { compactVerify, decodeProtectedHeader, importJWK, SignJWT } from 'jose'
import { z } from 'zod'
import type { SignatureCheck, VerifySignature } from '../protocol/work-order.ts'
import type { EdgeKey } from './edge-key.ts'

/** SHA-256 (hex) of a value's RFC 8785 canonical JSON. */
function digestCanonical(value: unknown): string {
  return createHash('sha256')
    .update(canonicalize(value) ?? '')
    .digest('hex')
}

export const digestPlan = (plan: Plan): string => digestCanonical(plan)

/** Checks a compact JWS (RFC 7515, EdDSA) of type `typ`, signed by one of `keys` (chosen by `kid`). */
export const verifySignature: VerifySignature = async (jws, typ, keys): Promise<SignatureCheck> => {
  const header = readHeader(jws, typ)
  if (!header) return { kind: 'malformed' }
  if (keys.some(({ kid }) => kid === header.kid)) return verifyBy(jws, header.kid, keys)
  return verifyBy(jws, header.kid, await followLinks(header.links, keys))
}

/**
 * The keys that count after these links (see schema/wire/keys.ts), oldest first: a key counts from when one that counts
 * has vouched for it. Links by others are passed over.
 */
export async function followLinks(
  links: readonly string[],
  keys: readonly SignerKey[],
): Promise<readonly SignerKey[]> {
  let known = keys
  for (const link of links.slice(-maxSignerLinks)) {
    const header = readHeader(link, signerLinkType)
    const check = header && (await verifyBy(link, header.kid, known))
    const parsed = check?.kind === 'ok' ? signerLinkSchema.safeParse(check.payload) : null
    if (!parsed?.success) continue
    const { kid, jwk, forgetsEarlier } = parsed.data
    const others = forgetsEarlier ? [] : known.filter((key) => key.kid !== kid)
    known = [...others, { kid, jwk }]
  }
  return known
}

const headerSchema = z.object({
  typ: z.string(),
  kid: z.string().min(1).max(64),
  links: z.array(signedSignerLinkSchema).max(maxSignerLinks).default([]),
})

function readHeader(jws: string, typ: string): z.infer<typeof headerSchema> | null {
  try {
    const header = headerSchema.parse(decodeProtectedHeader(jws))
    return header.typ === typ ? header : null
  } catch {
    return null
  }
}

async function verifyBy(jws: string, kid: string, keys: readonly SignerKey[]): Promise<SignatureCheck> {
  const signer = keys.find((key) => key.kid === kid)
  if (!signer) return { kind: 'unknown-signer' }
  let payload: Uint8Array
  try {
    const key = await importJWK(signer.jwk, 'EdDSA')
    payload = (await compactVerify(jws, key, { algorithms: ['EdDSA', 'Ed25519'] })).payload
  } catch {
    return { kind: 'bad-signature' }
  }
  try {
    return { kind: 'ok', payload: JSON.parse(new TextDecoder().decode(payload)) }
  } catch {
    return { kind: 'malformed' }
  }
}

/** The JWT by which an edge proves itself on one request. */
export async function signEdgeToken(
  key: EdgeKey,
  claims: { edgeId: string; controlPlaneId: string; nowMs: number },
): Promise<string> {
  const issuedAt = Math.floor(claims.nowMs / 1000)
  return new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT' })
    .setIssuer(claims.edgeId)
    .setAudience(claims.controlPlaneId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + edgeTokenLifetimeSeconds)
    .sign(await importJWK(key.privateJwk, 'EdDSA'))
}
