import { base64url } from 'jose'
import type { Secrets } from '../ports/index.ts'

const prefix = 'v1.'
const ivBytes = 12
const keyBytes = 32

/** AES-256-GCM: what one platform sealed, another one opens with the same key. Throws unless `raw` has 32 bytes. */
export async function createSecrets(raw: Uint8Array<ArrayBuffer>): Promise<Secrets> {
  if (raw.byteLength !== keyBytes) throw new Error(`the secrets' key has ${keyBytes} bytes`)
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
  return {
    async seal(plaintext) {
      const iv = crypto.getRandomValues(new Uint8Array(ivBytes))
      const plain = new TextEncoder().encode(plaintext)
      const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, plain))
      const bytes = new Uint8Array(ivBytes + sealed.byteLength)
      bytes.set(iv)
      bytes.set(sealed, ivBytes)
      return prefix + base64url.encode(bytes)
    },
    async open(text) {
      if (!text.startsWith(prefix)) throw new Error('not sealed by this version')
      const bytes = new Uint8Array(base64url.decode(text.slice(prefix.length)))
      const iv = bytes.subarray(0, ivBytes)
      const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv }, key, bytes.subarray(ivBytes))
      return new TextDecoder().decode(plain)
    },
  }
}
