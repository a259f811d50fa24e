import { ByteReader } from '../byte-reader.ts'
import { ByteWriter } from '../byte-writer.ts'
import { rmcpClasses, rmcpVersion } from './constants.ts'

/** The answer to a presence ping (ASF 2.0 §3.2.4.3). */
export interface PresencePong {
  tag: number
  /** Whether the answerer says that it speaks IPMI. */
  isIpmi: boolean
  enterpriseNumber: number
}

const asfIana = 4542
const presencePing = 0x80
const presencePong = 0x40

/** A presence ping (ASF 2.0 §3.2.4.2): asks without any credentials whether a BMC is there. `tag` 0-254. */
export function encodePresencePing(tag: number): Uint8Array {
  const writer = new ByteWriter(12).uint8(rmcpVersion).uint8(0).uint8(0xff).uint8(rmcpClasses.asf)
  return writer.uint32(asfIana).uint8(presencePing).uint8(tag).uint8(0).uint8(0).finish()
}

/** From the bytes after the RMCP header. @throws MalformedPacketError for anything but a pong. */
export function decodePresencePong(bytes: Uint8Array): PresencePong {
  const reader = new ByteReader(bytes, 'asf')
  if (reader.uint32() !== asfIana) throw reader.error('not the ASF enterprise number')
  const type = reader.uint8()
  if (type !== presencePong) throw reader.error(`message type ${type}`)
  const tag = reader.uint8()
  reader.bytes(2)
  const enterpriseNumber = reader.uint32()
  reader.uint32()
  return { tag, isIpmi: (reader.uint8() & 0x80) !== 0, enterpriseNumber }
}
