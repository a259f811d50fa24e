import { GeneralEncrypt, generalDecrypt, importJWK } from 'jose'
import {
  type BmcCredentials,
  bmcCredentialsSchema,
  type SealedCredentials,
  type SealingJwk,
  sealedCredentialsSchema,
  sealingJwkSchema,
} from '../wire/sealing.ts'
import type { RecipientKey } from './sealing-key.ts'

/** A key that opens what was sealed to it. */
export interface OpeningKey {
  kid: string
  jwk: SealingJwk & { d: string }
}

const contentType = 'dragonfly-bmc-credentials+json'
/** The ciphertext’s length says how long the text is, in steps of this many bytes. */
const paddedToBytes = 256

/** Seals BMC credentials to the public half of every one of the keys (RFC 7516, ECDH-ES+A256KW, A256GCM). */
export async function sealFor(
  credentials: BmcCredentials,
  keys: readonly RecipientKey[],
): Promise<SealedCredentials> {
  const text = new TextEncoder().encode(JSON.stringify(bmcCredentialsSchema.parse(credentials)))
  const padded = new Uint8Array(Math.ceil(text.length / paddedToBytes) * paddedToBytes).fill(0x20)
  padded.set(text)
  const sealing = new GeneralEncrypt(padded).setProtectedHeader({ enc: 'A256GCM', cty: contentType })
  const named = new Map(keys.map((key) => [key.kid, key]))
  for (const { kid, jwk } of named.values()) {
    sealing
      .addRecipient(await importJWK(sealingJwkSchema.parse(jwk), 'ECDH-ES+A256KW'))
      .setUnprotectedHeader({ alg: 'ECDH-ES+A256KW', kid })
  }
  return sealedCredentialsSchema.parse(await sealing.encrypt())
}

export type Opened =
  | { kind: 'opened'; credentials: BmcCredentials }
  | { kind: 'refused'; reason: 'malformed' | 'not-a-recipient' | 'altered' }

/** Opens sealed credentials with the first of the keys that they were sealed to. Never throws for what is sealed. */
export async function openWith(sealed: unknown, keys: readonly OpeningKey[]): Promise<Opened> {
  const parsed = sealedCredentialsSchema.safeParse(sealed)
  if (!parsed.success) return { kind: 'refused', reason: 'malformed' }
  const { recipients, ...rest } = parsed.data
  const key = keys.find(({ kid }) => recipients.some(({ header }) => header.kid === kid))
  if (!key) return { kind: 'refused', reason: 'not-a-recipient' }
  const own = recipients.filter(({ header }) => header.kid === key.kid)
  try {
    const { plaintext } = await generalDecrypt(
      { ...rest, recipients: own },
      await importJWK({ ...key.jwk }, 'ECDH-ES+A256KW'),
      { keyManagementAlgorithms: ['ECDH-ES+A256KW'], contentEncryptionAlgorithms: ['A256GCM'] },
    )
    const credentials = bmcCredentialsSchema.safeParse(JSON.parse(new TextDecoder().decode(plaintext)))
    if (!credentials.success) return { kind: 'refused', reason: 'malformed' }
    return { kind: 'opened', credentials: credentials.data }
  } catch {
    return { kind: 'refused', reason: 'altered' }
  }
}

/** Names of the keys that can open it; anybody can tell. */
export function recipientKids(sealed: SealedCredentials): string[] {
  return sealed.recipients.map(({ header }) => header.kid)
}
