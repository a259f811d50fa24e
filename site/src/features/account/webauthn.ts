import type { components } from '../../api/openapi.d.ts'
import { ApiError } from '../../api/problem.ts'

type Schemas = components['schemas']
export type PasskeyOptions = Schemas['PasskeyOptions']
export type NewPasskey = Schemas['NewPasskey']
export type PasskeyProof = Schemas['PasskeyProof']

/** Why this page can't use passkeys; null when it can. */
export function whyNoPasskeys(): string | null {
  if (!window.isSecureContext) {
    return 'Passkeys work over https, or on localhost; this page was opened over plain http.'
  }
  const isKnown =
    typeof PublicKeyCredential === 'function' && 'parseCreationOptionsFromJSON' in PublicKeyCredential
  return isKnown ? null : 'This browser knows no passkeys: a newer one does.'
}

/** Asks the browser, and so the person, for a new passkey. */
export async function makePasskey(options: PasskeyOptions): Promise<NewPasskey> {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(
    options as unknown as PublicKeyCredentialCreationOptionsJSON,
  )
  const made = await explain(navigator.credentials.create({ publicKey }))
  return made.toJSON() as NewPasskey
}

/** Asks for a passkey that exists. `conditional`: waits among the suggestions of the sign-in field instead. */
export async function showPasskey(
  options: PasskeyOptions,
  how: { conditional?: boolean; signal?: AbortSignal } = {},
): Promise<PasskeyProof> {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
    options as unknown as PublicKeyCredentialRequestOptionsJSON,
  )
  const shown = await explain(
    navigator.credentials.get({
      publicKey,
      ...(how.conditional ? { mediation: 'conditional' as const } : {}),
      ...(how.signal ? { signal: how.signal } : {}),
    }),
  )
  return shown.toJSON() as PasskeyProof
}

async function explain(asked: Promise<Credential | null>): Promise<PublicKeyCredential> {
  try {
    const answer = await asked
    if (answer instanceof PublicKeyCredential) return answer
    throw problem('cancelled', 'No passkey was chosen', 'Nothing was changed: try again when you like.')
  } catch (error) {
    if (!(error instanceof DOMException) || error.name === 'AbortError') throw error
    if (error.name === 'InvalidStateError') {
      throw problem(
        'passkey-exists',
        'This device has one already',
        'A passkey for this account is here: use it, or make one on another device.',
      )
    }
    if (error.name === 'SecurityError') {
      throw problem(
        'wrong-address',
        'This address does not fit',
        'Passkeys belong to the server’s public address: open the portal there (DRAGONFLY_PUBLIC_URL).',
      )
    }
    throw problem(
      'cancelled',
      'No passkey was used',
      'It was cancelled, took too long, or no passkey fits: try again, or use another way.',
    )
  }
}

function problem(code: string, title: string, detail: string): ApiError {
  return new ApiError({ type: 'about:blank', title, status: 0, detail, code })
}
