import { ByteReader } from '../byte-reader.ts'
import { decodePresencePong, type PresencePong } from './asf.ts'
import { rmcpClasses, rmcpVersion } from './constants.ts'
import { decodeIpmiWrapper, type RmcpPlusPacket, type SessionlessPacket } from './session-packet.ts'

/** What a BMC can send: the datagram, decoded as far as that goes without keys. */
export type RmcpPacket =
  | { kind: 'pong'; pong: PresencePong }
  | { kind: 'acknowledgement' }
  | SessionlessPacket
  | RmcpPlusPacket

/** @throws MalformedPacketError for anything that no BMC should send to a console. */
export function decodeRmcpPacket(bytes: Uint8Array): RmcpPacket {
  const reader = new ByteReader(bytes, 'rmcp')
  if (reader.uint8() !== rmcpVersion) throw reader.error('version is not 6')
  reader.uint8()
  reader.uint8()
  const messageClass = reader.uint8()
  if ((messageClass & 0x80) !== 0) return { kind: 'acknowledgement' }
  switch (messageClass & 0x1f) {
    case rmcpClasses.asf:
      return { kind: 'pong', pong: decodePresencePong(bytes.subarray(4)) }
    case rmcpClasses.ipmi:
      return decodeIpmiWrapper(bytes.subarray(4))
    default:
      throw reader.error(`message class ${messageClass}`)
  }
}
