import { p256 } from '@noble/curves/nist.js'
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { base64url, exportJWK, generateKeyPair } from 'jose'
import { type SealingJwk, sealingJwkSchema } from '../wire/sealing.ts'
import type { OpeningKey } from './seal.ts'
import { sealingKid } from './sealing-key.ts'

export interface NewRecoveryKey {
  kid: string
  /** What everything is sealed to from now on. */
  publicJwk: SealingJwk
  /** The private half as 24 words: BIP-39’s English list, whose last word carries a checksum. To be printed, not stored. */
  words: string
}

/** Makes an organisation's recovery key. */
export async function createRecoveryKey(): Promise<NewRecoveryKey> {
  const { privateKey } = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true })
  const { d = '', ...jwk } = await exportJWK(privateKey)
  const publicJwk = sealingJwkSchema.parse(jwk)
  return {
    kid: await sealingKid(publicJwk),
    publicJwk,
    words: entropyToMnemonic(base64url.decode(d), wordlist),
  }
}

export type RecoveryWords = { kind: 'ok'; key: OpeningKey } | { kind: 'wrong'; message: string }

/** Reads the words of a printed recovery key, however they are spaced, and finds the one that was mistyped. */
export async function parseRecoveryWords(text: string): Promise<RecoveryWords> {
  const words = text.toLowerCase().match(/[a-z]+/g) ?? []
  const unknown = words.find((word) => !wordlist.includes(word))
  if (unknown) return wrong(`“${unknown}” is not one of the words: compare it with the sheet.`)
  if (words.length !== 24) return wrong(`A recovery key has 24 words, these are ${words.length}.`)
  try {
    const secret = mnemonicToEntropy(words.join(' '), wordlist)
    const point = p256.getPublicKey(secret, false)
    const jwk = {
      kty: 'EC' as const,
      crv: 'P-256' as const,
      x: base64url.encode(point.subarray(1, 33)),
      y: base64url.encode(point.subarray(33, 65)),
    }
    return { kind: 'ok', key: { kid: await sealingKid(jwk), jwk: { ...jwk, d: base64url.encode(secret) } } }
  } catch {
    return wrong('The words do not belong together: one of them is wrong, or their order is.')
  }
}

function wrong(message: string): RecoveryWords {
  return { kind: 'wrong', message }
}
