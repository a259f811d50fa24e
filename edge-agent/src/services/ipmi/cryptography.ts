import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { RmcpCryptography } from '../../codec/rmcp/cryptography.ts'

const prepared = new WeakMap<Uint8Array, KeyObject>()

/** A key as Node wants it. To make that of bytes anew takes several times as long as to use it, and sessions are long. */
function prepare(key: Uint8Array): KeyObject {
  const before = prepared.get(key)
  if (before) return before
  const made = createSecretKey(key)
  prepared.set(key, made)
  return made
}

/** The codec's cryptography by Node's. */
export const nodeCryptography: RmcpCryptography = {
  hmac: (hash, key, ...parts) => {
    const hmac = createHmac(hash, prepare(key))
    for (const part of parts) hmac.update(part)
    return hmac.digest()
  },
  encryptAesCbc: (key, iv, bytes) => {
    const cipher = createCipheriv('aes-128-cbc', prepare(key), iv).setAutoPadding(false)
    return cipher.update(bytes)
  },
  decryptAesCbc: (key, iv, bytes) => {
    const decipher = createDecipheriv('aes-128-cbc', prepare(key), iv).setAutoPadding(false)
    return decipher.update(bytes)
  },
  isEqual: (one, other) => one.length === other.length && timingSafeEqual(one, other),
  randomBytes: (count) => randomBytes(count),
}
