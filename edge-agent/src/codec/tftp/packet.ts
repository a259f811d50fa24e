import { ByteReader } from '../byte-reader.ts'
import { ByteWriter } from '../byte-writer.ts'

/** Option name (lower case) to value, in the order of the packet (RFC 2347). */
export type TftpOptionMap = Map<string, string>

/** A TFTP packet (RFC 1350 §5; OACK: RFC 2347). Block numbers are the 16 bits of the wire. */
export type TftpPacket =
  | { kind: 'read-request'; fileName: string; mode: string; options: TftpOptionMap }
  | { kind: 'write-request'; fileName: string; mode: string; options: TftpOptionMap }
  | { kind: 'data'; block: number; payload: Uint8Array }
  | { kind: 'ack'; block: number }
  | { kind: 'error'; code: number; message: string }
  | { kind: 'option-ack'; options: TftpOptionMap }

const opcodes = { readRequest: 1, writeRequest: 2, data: 3, ack: 4, error: 5, optionAck: 6 } as const

/** RFC 1350 §5 and RFC 2347. */
export const tftpErrorCodes = {
  undefined: 0,
  fileNotFound: 1,
  accessViolation: 2,
  diskFull: 3,
  illegalOperation: 4,
  unknownTransfer: 5,
  optionRefused: 8,
} as const

/** @throws MalformedPacketError for anything that is not a whole TFTP packet. */
export function decodeTftpPacket(bytes: Uint8Array): TftpPacket {
  const reader = new ByteReader(bytes, 'tftp')
  const opcode = reader.uint16()
  switch (opcode) {
    case opcodes.readRequest:
      return { kind: 'read-request', ...decodeRequest(reader) }
    case opcodes.writeRequest:
      return { kind: 'write-request', ...decodeRequest(reader) }
    case opcodes.data:
      return { kind: 'data', block: reader.uint16(), payload: reader.rest() }
    case opcodes.ack:
      return { kind: 'ack', block: reader.uint16() }
    case opcodes.error:
      return { kind: 'error', code: reader.uint16(), message: decodeErrorMessage(reader) }
    case opcodes.optionAck:
      return { kind: 'option-ack', options: decodeOptions(reader) }
    default:
      throw reader.error(`opcode ${opcode}`)
  }
}

/** The block of an ACK, which is most of what a server hears; undefined for any other packet, to be decoded as a whole. */
export function readTftpAck(bytes: Uint8Array): number | undefined {
  const [zero, opcode, high = 0, low = 0] = bytes
  return bytes.length >= 4 && zero === 0 && opcode === opcodes.ack ? high * 256 + low : undefined
}

export function encodeTftpPacket(packet: TftpPacket): Uint8Array {
  const writer = new ByteWriter(packet.kind === 'data' ? packet.payload.length + 4 : 64)
  switch (packet.kind) {
    case 'read-request':
    case 'write-request':
      writer.uint16(packet.kind === 'read-request' ? opcodes.readRequest : opcodes.writeRequest)
      writer.cString(packet.fileName).cString(packet.mode)
      return encodeOptions(packet.options, writer)
    case 'data':
      return writer.uint16(opcodes.data).uint16(packet.block).bytes(packet.payload).finish()
    case 'ack':
      return writer.uint16(opcodes.ack).uint16(packet.block).finish()
    case 'error':
      return writer.uint16(opcodes.error).uint16(packet.code).cString(packet.message).finish()
    case 'option-ack':
      return encodeOptions(packet.options, writer.uint16(opcodes.optionAck))
  }
}

function decodeRequest(reader: ByteReader): { fileName: string; mode: string; options: TftpOptionMap } {
  return { fileName: reader.cString(), mode: reader.cString().toLowerCase(), options: decodeOptions(reader) }
}

/** Names in any case (RFC 2347); the first of a repeated option counts; an empty name means padding follows. */
function decodeOptions(reader: ByteReader): TftpOptionMap {
  const options: TftpOptionMap = new Map()
  while (reader.remaining > 0) {
    const name = reader.cString().toLowerCase()
    if (name === '') break
    const value = reader.cString()
    if (!options.has(name)) options.set(name, value)
  }
  return options
}

/** EDK2 and some ROMs leave out the NUL behind an error's text, or the text itself. */
function decodeErrorMessage(reader: ByteReader): string {
  const text = reader.rest()
  const end = text.indexOf(0)
  return String.fromCharCode(...text.subarray(0, end < 0 ? Math.min(text.length, 512) : Math.min(end, 512)))
}

export const dataHeaderBytes = 4
/** Behind block 65535 the wire counts from 0 again: so many more headers, and those of any window are in one piece. */
const mostInWindow = 1024

/** What goes before the bytes of block `block`, for all blocks of the wire: 4 bytes each, made once. */
export function createDataHeaders(): Uint8Array {
  const headers = new DataView(new ArrayBuffer(dataHeaderBytes * (65_536 + mostInWindow)))
  for (let block = 0; block < 65_536 + mostInWindow; block++) {
    headers.setUint32(block * dataHeaderBytes, opcodes.data * 65_536 + (block & 0xffff))
  }
  return new Uint8Array(headers.buffer)
}

function encodeOptions(options: TftpOptionMap, writer: ByteWriter): Uint8Array {
  for (const [name, value] of options) writer.cString(name).cString(value)
  return writer.finish()
}
