import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { RmcpCryptography } from '../../codec/rmcp/cryptography.ts'

/** The codec's cryptography by Node's. */
export const nodeCryptography: RmcpCryptography = {
  hmac: (hash, key, ...parts) => {
    const hmac = createHmac(hash, key)
    for (const part of parts) hmac.update(part)
    return hmac.digest()
  },
  encryptAesCbc: (key, iv, bytes) => {
    const cipher = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false)
    return cipher.update(bytes)
  },
  decryptAesCbc: (key, iv, bytes) => {
    const decipher = createDecipheriv('aes-128-cbc', key, iv).setAutoPadding(false)
    return decipher.update(bytes)
  },
  isEqual: (one, other) => one.length === other.length && timingSafeEqual(one, other),
  randomBytes: (count) => randomBytes(count),
}
