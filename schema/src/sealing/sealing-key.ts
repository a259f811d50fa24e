import { base64url, calculateJwkThumbprint, compactVerify, decodeProtectedHeader, importJWK } from 'jose'
import type { PublicJwk } from '../wire/keys.ts'
import {
  type SealingJwk,
  type SealingRecipient,
  sealingKeyClaimsSchema,
  sealingKeyType,
} from '../wire/sealing.ts'

/** A key to seal to. */
export interface RecipientKey {
  /** RFC 7638 thumbprint. */
  kid: string
  jwk: SealingJwk
}

export type SealingKeyCheck =
  | { kind: 'ok'; key: RecipientKey; previous: string[]; createdAtMs: number }
  | { kind: 'refused'; reason: 'malformed' | 'bad-signature' }

/** RFC 7638 SHA-256 thumbprint of a sealing key. */
export function sealingKid({ kty, crv, x, y }: SealingJwk): Promise<string> {
  return calculateJwkThumbprint({ kty, crv, x, y })
}

/** Checks that an edge's identity key vouches for its sealing key. The name is calculated, never believed. */
export async function verifySealingKey(signed: string, identity: PublicJwk): Promise<SealingKeyCheck> {
  const header = readHeader(signed)
  if (header?.typ !== sealingKeyType || !['EdDSA', 'Ed25519'].includes(header.alg ?? ''))
    return { kind: 'refused', reason: 'malformed' }
  const payload = await verifyEd25519(signed, identity)
  if (!payload) return { kind: 'refused', reason: 'bad-signature' }
  const claims = sealingKeyClaimsSchema.safeParse(parseJson(payload))
  if (!claims.success || claims.data.kid !== (await sealingKid(claims.data.jwk)))
    return { kind: 'refused', reason: 'malformed' }
  const { kid, jwk, previous, iat } = claims.data
  return { kind: 'ok', key: { kid, jwk }, previous, createdAtMs: iat * 1000 }
}

/** RFC 7638 SHA-256 thumbprint of an edge's identity key: the fingerprint that people compare. */
export function identityThumbprint({ kty, crv, x }: PublicJwk): Promise<string> {
  return calculateJwkThumbprint({ kty, crv, x })
}

export type RecipientCheck =
  | { kind: 'ok'; keys: RecipientKey[] }
  /** None of the recipients may be sealed to: one of them is not who it says it is. */
  | { kind: 'refused'; edgeId: string }

/** The keys of a site's recipients, each edge's checked against its identity key. */
export async function verifyRecipients(recipients: readonly SealingRecipient[]): Promise<RecipientCheck> {
  const keys: RecipientKey[] = []
  for (const recipient of recipients) {
    if (recipient.kind === 'recovery') {
      keys.push({ kid: await sealingKid(recipient.jwk), jwk: recipient.jwk })
      continue
    }
    const check = await verifySealingKey(recipient.sealingKey, recipient.publicKey)
    if (check.kind === 'refused') return { kind: 'refused', edgeId: recipient.edgeId }
    keys.push(check.key)
  }
  return { kind: 'ok', keys }
}

function readHeader(signed: string): { typ?: string; alg?: string } | null {
  try {
    return decodeProtectedHeader(signed) as { typ?: string; alg?: string }
  } catch {
    return null
  }
}

/** The payload, or null when the signature is not by this key. */
async function verifyEd25519(signed: string, identity: PublicJwk): Promise<Uint8Array | null> {
  let key: Awaited<ReturnType<typeof importJWK>>
  try {
    key = await importJWK(identity, 'EdDSA')
  } catch {
    // Browsers came to Ed25519 between 2023 and 2025; older ones calculate it themselves.
    return verifyWithoutWebCrypto(signed, identity)
  }
  try {
    return (await compactVerify(signed, key, { algorithms: ['EdDSA', 'Ed25519'] })).payload
  } catch {
    return null
  }
}

/** The same by a library in JavaScript. */
export async function verifyWithoutWebCrypto(
  signed: string,
  identity: PublicJwk,
): Promise<Uint8Array | null> {
  const { ed25519 } = await import('@noble/curves/ed25519.js')
  const [header = '', payload = '', signature = ''] = signed.split('.')
  try {
    const input = new TextEncoder().encode(`${header}.${payload}`)
    const isGood = ed25519.verify(base64url.decode(signature), input, base64url.decode(identity.x), {
      zip215: false,
    })
    return isGood ? base64url.decode(payload) : null
  } catch {
    return null
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    return undefined
  }
}
