import { createHash, randomUUID } from 'node:crypto'
import { edgeTokenLifetimeSeconds, type Plan } from '@dragonfly/schema/wire'
import canonicalize from 'canonicalize'
import { compactVerify, decodeProtectedHeader, importJWK, SignJWT } from 'jose'
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
  let kid: string | undefined
  try {
    const header = decodeProtectedHeader(jws)
    if (header.typ !== typ || !header.kid) return { kind: 'malformed' }
    kid = header.kid
  } catch {
    return { kind: 'malformed' }
  }
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
