import { ByteReader } from '../byte-reader.ts'
import { ByteWriter } from '../byte-writer.ts'
import { rmcpClasses, rmcpVersion } from './constants.ts'

/** IPMI 2.0 table 13-16. */
export const payloadTypes = {
  ipmi: 0x00,
  sol: 0x01,
  openSessionRequest: 0x10,
  openSessionResponse: 0x11,
  rakp1: 0x12,
  rakp2: 0x13,
  rakp3: 0x14,
  rakp4: 0x15,
} as const

/** An IPMI message outside any session (the IPMI 1.5 wrapper without authentication). */
export interface SessionlessPacket {
  kind: 'sessionless'
  message: Uint8Array
}

/** A packet of RMCP+ (IPMI 2.0 table 13-8), not yet checked or decrypted. */
export interface RmcpPlusPacket {
  kind: 'rmcp-plus'
  payloadType: number
  isEncrypted: boolean
  isAuthenticated: boolean
  sessionId: number
  sequence: number
  payload: Uint8Array
  /** All bytes that the code covers: from the format byte to the next-header byte; empty without a trailer. */
  covered: Uint8Array
  code: Uint8Array
}

const formatNone = 0x00
const formatRmcpPlus = 0x06
export const nextHeader = 0x07
const oemPayload = 0x02

/** Wraps an IPMI message for a BMC with which there is no session. */
export function encodeSessionlessPacket(message: Uint8Array): Uint8Array {
  const writer = rmcpHeader(message.length + 14).uint8(formatNone)
  return writer.zeros(8).uint8(message.length).bytes(message).finish()
}

/** A packet of session set-up, or of a session whose suite neither signs nor encrypts. */
export function encodePlainPacket(packet: {
  payloadType: number
  sessionId: number
  sequence: number
  payload: Uint8Array
}): Uint8Array {
  const writer = rmcpHeader(packet.payload.length + 16)
    .uint8(formatRmcpPlus)
    .uint8(packet.payloadType)
  writer.uint32Le(packet.sessionId).uint32Le(packet.sequence).uint16Le(packet.payload.length)
  return writer.bytes(packet.payload).finish()
}

function rmcpHeader(sizeBytes: number): ByteWriter {
  return new ByteWriter(sizeBytes).uint8(rmcpVersion).uint8(0).uint8(0xff).uint8(rmcpClasses.ipmi)
}

/** From the bytes after the RMCP header. @throws MalformedPacketError */
export function decodeIpmiWrapper(bytes: Uint8Array): SessionlessPacket | RmcpPlusPacket {
  const reader = new ByteReader(bytes, 'ipmi wrapper')
  const format = reader.uint8()
  if (format === formatNone) return decodeSessionless(reader)
  if (format !== formatRmcpPlus) throw reader.error(`authentication type ${format}`)
  const type = reader.uint8()
  const payloadType = type & 0x3f
  if (payloadType === oemPayload) reader.bytes(6)
  const sessionId = reader.uint32Le()
  const sequence = reader.uint32Le()
  const payload = reader.bytes(reader.uint16Le())
  const isAuthenticated = (type & 0x40) !== 0
  const trailer = isAuthenticated ? decodeTrailer(reader, bytes) : { covered: empty, code: empty }
  return {
    kind: 'rmcp-plus',
    payloadType,
    isEncrypted: (type & 0x80) !== 0,
    isAuthenticated,
    sessionId,
    sequence,
    payload,
    ...trailer,
  }
}

const empty = new Uint8Array()

/** Padding to a multiple of four, its length, next header; then the code, to the end of the datagram. */
function decodeTrailer(reader: ByteReader, bytes: Uint8Array): { covered: Uint8Array; code: Uint8Array } {
  const padCount = (4 - ((reader.offset + 2) % 4)) % 4
  reader.bytes(padCount)
  reader.uint8()
  reader.uint8()
  return { covered: bytes.subarray(0, reader.offset), code: reader.rest() }
}

function decodeSessionless(reader: ByteReader): SessionlessPacket {
  reader.uint32Le()
  const sessionId = reader.uint32Le()
  if (sessionId !== 0) throw reader.error('an IPMI 1.5 session, which was not asked for')
  return { kind: 'sessionless', message: reader.bytes(reader.uint8()) }
}
