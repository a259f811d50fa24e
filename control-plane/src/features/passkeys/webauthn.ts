import type { NewPasskeyJson, PasskeyProof } from '@dragonfly/schema/api'
import type { passkeys } from '@dragonfly/schema/db'
import type {
  AuthenticationResponseJSON,
  AuthenticatorTransportFuture,
  RegistrationResponseJSON,
} from '@simplewebauthn/server'
import type { JSONValue } from 'hono/utils/types'

/** Once somebody has a passkey: it is several megabytes of memory. */
const load = () => import('@simplewebauthn/server')

type PasskeyRow = typeof passkeys.$inferSelect

/** Whom passkeys are made for: a domain, and the origin that speaks for it (WebAuthn level 3, section 4). */
export interface RelyingParty {
  id: string
  origin: string
}

/** Null where browsers give no passkeys: on an IP address, and without TLS except on localhost. */
export function findRelyingParty(publicUrl: string): RelyingParty | null {
  const { hostname, origin, protocol } = new URL(publicUrl)
  if (/^[\d.]+$|^\[/.test(hostname)) return null
  const isSecure = protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost')
  return isSecure ? { id: hostname, origin } : null
}

/** The user is always verified (by PIN, finger or face): a passkey counts as both factors. */
const userVerification = 'required'

/** Without what is undefined, as JSON has it. */
export function renderOptions(options: object): Record<string, JSONValue> {
  return JSON.parse(JSON.stringify(options))
}

export async function renderCreation(
  party: RelyingParty,
  person: { userId: string; name: string; email: string },
  existing: readonly PasskeyRow[],
) {
  const { generateRegistrationOptions } = await load()
  return generateRegistrationOptions({
    rpName: 'Dragonfly',
    rpID: party.id,
    userID: new TextEncoder().encode(person.userId),
    userName: person.email,
    userDisplayName: person.name,
    attestationType: 'none',
    authenticatorSelection: { residentKey: 'required', userVerification },
    excludeCredentials: existing.map(renderDescriptor),
  })
}

export async function renderRequest(party: RelyingParty, allowed: readonly PasskeyRow[]) {
  const { generateAuthenticationOptions } = await load()
  return generateAuthenticationOptions({
    rpID: party.id,
    userVerification,
    allowCredentials: allowed.map(renderDescriptor),
  })
}

/** The challenge that an answer was made for; null when the answer makes no sense. Nothing is verified here. */
export function readChallenge(clientDataJson: string): string | null {
  try {
    const text = atob(clientDataJson.replaceAll('-', '+').replaceAll('_', '/'))
    const data: unknown = JSON.parse(text)
    const challenge = typeof data === 'object' && data !== null && 'challenge' in data ? data.challenge : null
    return typeof challenge === 'string' ? challenge : null
  } catch {
    return null
  }
}

/** The public half of a new passkey; null when the answer is not good for this challenge. */
export async function verifyCreation(party: RelyingParty, response: NewPasskeyJson, challenge: string) {
  const { verifyRegistrationResponse } = await load()
  try {
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: response as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      requireUserVerification: true,
    })
    if (!verified) return null
    const { credential, credentialBackedUp } = registrationInfo
    return {
      credentialId: credential.id,
      publicKey: encodeBase64Url(credential.publicKey),
      counter: credential.counter,
      transports: response.response.transports,
      synced: credentialBackedUp,
    }
  } catch {
    return null
  }
}

/** The passkey's new counter and state; null when the proof is not good for this challenge. */
export async function verifyProof(
  party: RelyingParty,
  row: PasskeyRow,
  response: PasskeyProof,
  challenge: string,
): Promise<{ counter: number; synced: boolean } | null> {
  const { verifyAuthenticationResponse } = await load()
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: response as AuthenticationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: party.origin,
      expectedRPID: party.id,
      credential: {
        id: row.credentialId,
        publicKey: decodeBase64Url(row.publicKey),
        counter: row.counter,
        transports: row.transports as AuthenticatorTransportFuture[],
      },
      requireUserVerification: true,
    })
    if (!verified) return null
    return { counter: authenticationInfo.newCounter, synced: authenticationInfo.credentialBackedUp }
  } catch {
    return null
  }
}

function renderDescriptor(row: PasskeyRow) {
  return { id: row.credentialId, transports: row.transports as AuthenticatorTransportFuture[] }
}

function encodeBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0))
}
