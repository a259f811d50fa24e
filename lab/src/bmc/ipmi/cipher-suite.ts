import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'

/** The algorithms behind a suite's number (IPMI 2.0, table 22-20). */
export interface CipherSuite {
  id: number
  authentication: number
  integrity: number
  confidentiality: number
  hash: 'sha1' | 'sha256'
  /** Length of RAKP 4's check value, and of the authentication code of a packet. */
  codeLength: number
}

export const cipherSuites: readonly CipherSuite[] = [
  { id: 3, authentication: 1, integrity: 1, confidentiality: 1, hash: 'sha1', codeLength: 12 },
  { id: 17, authentication: 3, integrity: 4, confidentiality: 1, hash: 'sha256', codeLength: 16 },
]

export interface SessionKeys {
  suite: CipherSuite
  /** K1: authenticates packets. */
  integrity: Buffer
  /** The first 16 bytes of K2: encrypts them. */
  aes: Buffer
}

export function hmac(suite: CipherSuite, key: Uint8Array, ...parts: Uint8Array[]): Buffer {
  const code = createHmac(suite.hash, key)
  for (const part of parts) code.update(part)
  return code.digest()
}

/** K1 and K2 from the session's integrity key (13.32). */
export function deriveKeys(suite: CipherSuite, sik: Buffer): SessionKeys {
  return {
    suite,
    integrity: hmac(suite, sik, Buffer.alloc(20, 1)),
    aes: hmac(suite, sik, Buffer.alloc(20, 2)).subarray(0, 16),
  }
}

/** AES-CBC-128 with the pad that counts 1, 2, 3 … (13.29). */
export function encryptPayload(keys: SessionKeys, plain: Buffer, iv: Buffer): Buffer {
  const padLength = 15 - (plain.length % 16)
  const pad = Buffer.from([...Array.from({ length: padLength }, (_, index) => index + 1), padLength])
  const cipher = createCipheriv('aes-128-cbc', keys.aes, iv).setAutoPadding(false)
  return Buffer.concat([iv, cipher.update(Buffer.concat([plain, pad])), cipher.final()])
}

/** @returns undefined when it cannot have been encrypted with these keys. */
export function decryptPayload(keys: SessionKeys, payload: Buffer): Buffer | undefined {
  if (payload.length < 32 || payload.length % 16 !== 0) return undefined
  const decipher = createDecipheriv('aes-128-cbc', keys.aes, payload.subarray(0, 16)).setAutoPadding(false)
  const plain = Buffer.concat([decipher.update(payload.subarray(16)), decipher.final()])
  const padLength = plain.at(-1) ?? 0
  if (padLength > 15) return undefined
  const pad = plain.subarray(plain.length - 1 - padLength, -1)
  return pad.every((byte, index) => byte === index + 1) ? plain.subarray(0, -1 - padLength) : undefined
}

/** Appends the trailer: pad to four bytes, its length, next header 07, and the authentication code (13.28.4). */
export function sealPacket(keys: SessionKeys, packet: Buffer): Buffer {
  const covered = packet.length - 4
  const padLength = (4 - ((covered + 2) % 4)) % 4
  const trailer = Buffer.concat([Buffer.alloc(padLength, 0xff), Buffer.from([padLength, 0x07])])
  const sealed = Buffer.concat([packet, trailer])
  const code = hmac(keys.suite, keys.integrity, sealed.subarray(4)).subarray(0, keys.suite.codeLength)
  return Buffer.concat([sealed, code])
}

/** @param packet From the format byte on, to the end of the authentication code. */
export function hasRightCode(keys: SessionKeys, packet: Buffer): boolean {
  const { codeLength } = keys.suite
  if (packet.length < codeLength + 14) return false
  const code = hmac(keys.suite, keys.integrity, packet.subarray(0, -codeLength)).subarray(0, codeLength)
  return timingSafeEqual(code, packet.subarray(-codeLength))
}
