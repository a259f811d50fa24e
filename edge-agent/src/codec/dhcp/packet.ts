import { ByteReader, latin1UntilNul } from '../byte-reader.ts'
import { ByteWriter, fromLatin1 } from '../byte-writer.ts'
import { decodeIpv4, encodeIpv4, type Ipv4 } from '../ipv4.ts'
import { type DhcpOptionMap, decodeOptionArea, encodeOptionArea } from './option-list.ts'
import { dhcpOptions, readOption } from './options.ts'

/** A DHCP packet (RFC 2131 §2). `serverName` and `bootFile` are empty where option 52 gave their space to options. */
export interface DhcpPacket {
  /** 1 from a client, 2 from a server. */
  op: number
  /** 1 = Ethernet. */
  hardwareType: number
  hardwareLength: number
  hops: number
  transactionId: number
  seconds: number
  /** Bit 0x8000: the client cannot take unicast yet. */
  flags: number
  clientAddress: Ipv4
  yourAddress: Ipv4
  serverAddress: Ipv4
  relayAddress: Ipv4
  /** All 16 bytes of chaddr, so that a reply can repeat them. */
  clientHardware: Uint8Array
  serverName: string
  bootFile: string
  options: DhcpOptionMap
}

export const bootRequest = 1
export const bootReply = 2
export const ethernet = 1

/** RFC 2132 §9.6. */
export const messageTypes = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const

const magicCookie = 0x63825363
/** Where the first option is, behind the cookie. */
export const optionAreaOffset = 240
const serverNameSize = 64
const bootFileSize = 128
/** Some boot ROMs drop replies that are shorter than a BOOTP packet with its 64-byte vendor area. */
const smallestReplySizeBytes = 300

/** @throws MalformedPacketError for anything that is not a whole DHCP packet. */
export function decodeDhcpPacket(bytes: Uint8Array): DhcpPacket {
  const reader = new ByteReader(bytes, 'dhcp')
  const header = {
    op: reader.uint8(),
    hardwareType: reader.uint8(),
    hardwareLength: reader.uint8(),
    hops: reader.uint8(),
    transactionId: reader.uint32(),
    seconds: reader.uint16(),
    flags: reader.uint16(),
    clientAddress: decodeIpv4(reader.view(4)),
    yourAddress: decodeIpv4(reader.view(4)),
    serverAddress: decodeIpv4(reader.view(4)),
    relayAddress: decodeIpv4(reader.view(4)),
    clientHardware: reader.bytes(16),
  }
  const serverNameField = reader.view(serverNameSize)
  const bootFileField = reader.view(bootFileSize)
  if (header.hardwareLength > 16) throw reader.error(`hardware address of ${header.hardwareLength} bytes`)
  if (reader.uint32() !== magicCookie) throw reader.error('no DHCP magic cookie')
  const options: DhcpOptionMap = new Map()
  decodeOptionArea(reader.view(reader.remaining), options)
  const overload = readOption(options, dhcpOptions.overload) ?? 0
  if ((overload & 1) !== 0) decodeOptionArea(bootFileField, options)
  if ((overload & 2) !== 0) decodeOptionArea(serverNameField, options)
  return {
    ...header,
    serverName: (overload & 2) === 0 ? latin1UntilNul(serverNameField) : '',
    bootFile: (overload & 1) === 0 ? latin1UntilNul(bootFileField) : '',
    options,
  }
}

/**
 * Writes a packet, padded to at least 300 bytes. Never writes overloaded fields.
 * @throws RangeError where `serverName` or `bootFile` do not fit their fields: put a long name in option 67 instead.
 */
export function encodeDhcpPacket(packet: DhcpPacket): Uint8Array {
  const writer = new ByteWriter()
    .uint8(packet.op)
    .uint8(packet.hardwareType)
    .uint8(packet.hardwareLength)
    .uint8(packet.hops)
    .uint32(packet.transactionId)
    .uint16(packet.seconds)
    .uint16(packet.flags)
  for (const address of [
    packet.clientAddress,
    packet.yourAddress,
    packet.serverAddress,
    packet.relayAddress,
  ]) {
    writer.bytes(encodeIpv4(address))
  }
  writer
    .field(packet.clientHardware, 16)
    .field(fromLatin1(packet.serverName), serverNameSize)
    .field(fromLatin1(packet.bootFile), bootFileSize)
    .uint32(magicCookie)
  encodeOptionArea(packet.options, writer)
  return writer.zeros(Math.max(0, smallestReplySizeBytes - writer.length)).finish()
}

/** Whether `text` fits the `file` field with the NUL that some clients need behind it. */
export function fitsBootFile(text: string): boolean {
  return text.length < bootFileSize
}
