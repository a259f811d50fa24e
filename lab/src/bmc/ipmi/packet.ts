/**
 * The bytes of IPMI over LAN, as a BMC reads and writes them (IPMI 2.0 rev 1.1, 13). Written against the
 * specification and not against the product's client, so that neither repeats the other's mistakes.
 */

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

export interface IpmiRequest {
  netFn: number
  command: number
  sequence: number
  responderLun: number
  requesterAddress: number
  requesterLun: number
  data: Buffer
}

/** What came in a UDP packet. */
export type RmcpPacket =
  | { kind: 'ping'; tag: number }
  | { kind: 'sessionless'; message: Buffer }
  | {
      kind: 'rmcp+'
      payloadType: number
      isEncrypted: boolean
      isAuthenticated: boolean
      sessionId: number
      sequence: number
      payload: Buffer
      /** Everything that the authentication code is over, and the code. */
      packet: Buffer
    }

const rmcpHeader = Buffer.from([0x06, 0x00, 0xff, 0x07])
const asfIana = 0x000011be

/** What makes the sum of the bytes zero. */
export function checksum(bytes: Uint8Array): number {
  return -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff
}

/** Decodes a packet; undefined for what no BMC answers. */
export function decodePacket(packet: Buffer): RmcpPacket | undefined {
  if (packet.length < 5 || packet[0] !== 0x06) return undefined
  if (packet[3] === 0x06) {
    const isPing = packet.length >= 12 && packet.readUInt32BE(4) === asfIana && packet[8] === 0x80
    return isPing ? { kind: 'ping', tag: packet.readUInt8(9) } : undefined
  }
  if (packet[3] !== 0x07) return undefined
  if (packet[4] === 0x00) {
    const length = packet[13]
    if (length === undefined || packet.length < 14 + length) return undefined
    const hasNoSession = packet.readUInt32LE(9) === 0
    return hasNoSession ? { kind: 'sessionless', message: packet.subarray(14, 14 + length) } : undefined
  }
  if (packet[4] !== 0x06 || packet.length < 16) return undefined
  const type = packet.readUInt8(5)
  const length = packet.readUInt16LE(14)
  if (packet.length < 16 + length) return undefined
  return {
    kind: 'rmcp+',
    payloadType: type & 0x3f,
    isEncrypted: (type & 0x80) !== 0,
    isAuthenticated: (type & 0x40) !== 0,
    sessionId: packet.readUInt32LE(6),
    sequence: packet.readUInt32LE(10),
    payload: packet.subarray(16, 16 + length),
    packet: packet.subarray(4),
  }
}

/** The answer to a presence ping (ASF 2.0, 3.2.4.3). */
export function encodePong(tag: number): Buffer {
  const pong = Buffer.alloc(28)
  pong.set([0x06, 0x00, 0xff, 0x06])
  pong.writeUInt32BE(asfIana, 4)
  pong.set([0x40, tag, 0x00, 0x10], 8)
  pong.writeUInt32BE(asfIana, 12)
  pong[20] = 0x81
  return pong
}

/** @returns undefined when a checksum or the length is wrong. */
export function decodeRequest(message: Buffer): IpmiRequest | undefined {
  if (message.length < 7 || message[0] !== 0x20) return undefined
  if (checksum(message.subarray(0, 2)) !== message[2]) return undefined
  if (checksum(message.subarray(3, -1)) !== message.at(-1)) return undefined
  const address = message.readUInt8(1)
  const sequence = message.readUInt8(4)
  return {
    netFn: address >> 2,
    responderLun: address & 3,
    requesterAddress: message.readUInt8(3),
    sequence: sequence >> 2,
    requesterLun: sequence & 3,
    command: message.readUInt8(5),
    data: message.subarray(6, -1),
  }
}

export function encodeResponse(request: IpmiRequest, completionCode: number, data: Uint8Array): Buffer {
  const response = Buffer.alloc(8 + data.length)
  response[0] = request.requesterAddress
  response[1] = ((request.netFn + 1) << 2) | request.requesterLun
  response[2] = checksum(response.subarray(0, 2))
  response[3] = 0x20
  response[4] = (request.sequence << 2) | request.responderLun
  response[5] = request.command
  response[6] = completionCode
  response.set(data, 7)
  response[7 + data.length] = checksum(response.subarray(3, 7 + data.length))
  return response
}

/** Wraps a message for a client that has no session (the IPMI 1.5 format). */
export function encodeSessionless(message: Buffer): Buffer {
  return Buffer.concat([rmcpHeader, Buffer.alloc(9), Buffer.from([message.length]), message])
}

/** Wraps a payload in RMCP+; what a session adds (encryption, trailer) is done by then, or follows. */
export function encodeRmcpPlus(type: number, sessionId: number, sequence: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(12)
  header[0] = 0x06
  header[1] = type
  header.writeUInt32LE(sessionId, 2)
  header.writeUInt32LE(sequence, 6)
  header.writeUInt16LE(payload.length, 10)
  return Buffer.concat([rmcpHeader, header, payload])
}
