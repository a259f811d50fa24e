import type { HashName } from './cipher-suites.ts'

/** The cryptography that the codec needs and does not have: given by whoever has a platform. */
export interface RmcpCryptography {
  hmac: (hash: HashName, key: Uint8Array, ...parts: readonly Uint8Array[]) => Uint8Array
  /** AES-128-CBC over whole blocks, no padding of its own. */
  encryptAesCbc: (key: Uint8Array, iv: Uint8Array, bytes: Uint8Array) => Uint8Array
  decryptAesCbc: (key: Uint8Array, iv: Uint8Array, bytes: Uint8Array) => Uint8Array
  /** Constant time; false for different lengths. */
  isEqual: (one: Uint8Array, other: Uint8Array) => boolean
  randomBytes: (count: number) => Uint8Array
}
