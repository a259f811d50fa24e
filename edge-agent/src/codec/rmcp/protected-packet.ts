import { ByteReader } from '../byte-reader.ts'
import type { CipherSuite } from './cipher-suites.ts'
import { rmcpClasses, rmcpVersion } from './constants.ts'
import type { RmcpCryptography } from './cryptography.ts'
import { encodePlainPacket, nextHeader, type RmcpPlusPacket } from './session-packet.ts'

/** The keys of a session (IPMI 2.0 §13.32). */
export interface SessionKeys {
  suite: CipherSuite
  /** K1: signs packets. */
  integrityKey: Uint8Array
  /** The first 16 bytes of K2. */
  encryptionKey: Uint8Array
}

const headerSizeBytes = 4
const wrapperSizeBytes = 12
const ivSizeBytes = 16

/** A packet of an open session: encrypted and signed as its cipher suite says (IPMI 2.0 §13.28.4, 13.29). */
export function encodeProtectedPacket(
  packet: { payloadType: number; sessionId: number; sequence: number; payload: Uint8Array },
  keys: SessionKeys,
  cryptography: RmcpCryptography,
): Uint8Array {
  const { suite } = keys
  const isEncrypted = suite.confidentiality !== 0
  const payload = isEncrypted ? encryptPayload(packet.payload, keys, cryptography) : packet.payload
  if (suite.packetCodeSizeBytes === 0) return encodePlainPacket(packet)
  const padCount = (4 - ((wrapperSizeBytes + payload.length + 2) % 4)) % 4
  const coveredSize = wrapperSizeBytes + payload.length + padCount + 2
  const bytes = new Uint8Array(headerSizeBytes + coveredSize + suite.packetCodeSizeBytes)
  const view = new DataView(bytes.buffer)
  bytes.set([rmcpVersion, 0, 0xff, rmcpClasses.ipmi, 0x06])
  bytes[5] = packet.payloadType | 0x40 | (isEncrypted ? 0x80 : 0)
  view.setUint32(6, packet.sessionId, true)
  view.setUint32(10, packet.sequence, true)
  view.setUint16(14, payload.length, true)
  bytes.set(payload, headerSizeBytes + wrapperSizeBytes)
  const trailer = headerSizeBytes + wrapperSizeBytes + payload.length
  bytes.fill(0xff, trailer, trailer + padCount)
  bytes[trailer + padCount] = padCount
  bytes[trailer + padCount + 1] = nextHeader
  const covered = bytes.subarray(headerSizeBytes, headerSizeBytes + coveredSize)
  const code = cryptography.hmac(suite.hash, keys.integrityKey, covered)
  bytes.set(code.subarray(0, suite.packetCodeSizeBytes), headerSizeBytes + coveredSize)
  return bytes
}

/**
 * The payload of a packet of an open session in the clear; undefined when its code is not right, or when it is not
 * protected as the suite says: such a packet is not from our BMC.
 * @throws MalformedPacketError when it is signed rightly, but what is inside is not a padded message.
 */
export function openProtectedPacket(
  packet: RmcpPlusPacket,
  keys: SessionKeys,
  cryptography: RmcpCryptography,
): Uint8Array | undefined {
  const { suite } = keys
  if (packet.isAuthenticated !== suite.packetCodeSizeBytes > 0) return undefined
  if (packet.isEncrypted !== (suite.confidentiality !== 0)) return undefined
  if (packet.isAuthenticated) {
    const code = cryptography.hmac(suite.hash, keys.integrityKey, packet.covered)
    if (!cryptography.isEqual(code.subarray(0, suite.packetCodeSizeBytes), packet.code)) return undefined
  }
  return packet.isEncrypted ? decryptPayload(packet.payload, keys, cryptography) : packet.payload
}

/** IV, then AES-CBC over the message, the padding 01 02 03 …, and the padding's length (§13.29.1). */
function encryptPayload(message: Uint8Array, keys: SessionKeys, cryptography: RmcpCryptography): Uint8Array {
  const padCount = (16 - ((message.length + 1) % 16)) % 16
  const padded = new Uint8Array(message.length + padCount + 1)
  padded.set(message)
  for (let index = 0; index < padCount; index++) padded[message.length + index] = index + 1
  padded[padded.length - 1] = padCount
  const iv = cryptography.randomBytes(ivSizeBytes)
  const encrypted = cryptography.encryptAesCbc(keys.encryptionKey, iv, padded)
  const payload = new Uint8Array(ivSizeBytes + encrypted.length)
  payload.set(iv)
  payload.set(encrypted, ivSizeBytes)
  return payload
}

function decryptPayload(payload: Uint8Array, keys: SessionKeys, cryptography: RmcpCryptography): Uint8Array {
  const reader = new ByteReader(payload, 'encrypted payload')
  const iv = reader.bytes(ivSizeBytes)
  if (reader.remaining === 0 || reader.remaining % 16 !== 0) throw reader.error('not whole blocks')
  const padded = cryptography.decryptAesCbc(keys.encryptionKey, iv, reader.rest())
  const padCount = padded[padded.length - 1] ?? 0
  // Only the count is relied on: some BMCs pad with other bytes than 01 02 03.
  if (padCount > 15 || padCount >= padded.length) throw reader.error(`padding of ${padCount}`)
  return padded.subarray(0, padded.length - 1 - padCount)
}
