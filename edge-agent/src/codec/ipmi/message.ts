import { ByteReader } from '../byte-reader.ts'

/** An answer to a request (IPMI 2.0 §13.8). */
export interface IpmiResponse {
  /** Of the request: the answer's own less one. */
  netFn: number
  command: number
  /** 6 bits. */
  requestSequence: number
  completionCode: number
  data: Uint8Array
  /** Some BMCs (Supermicro X9) get these wrong in sessions, where a packet's code counts instead. */
  hasValidChecksums: boolean
}

const bmcAddress = 0x20
/** The address of remote console software. */
const consoleAddress = 0x81

/** A request to the BMC's own controller. `requestSequence` is 6 bits, `lun` 2. */
export function encodeIpmiRequest(request: {
  netFn: number
  command: number
  requestSequence: number
  data: Uint8Array
  lun?: number
}): Uint8Array {
  const bytes = new Uint8Array(request.data.length + 7)
  bytes[0] = bmcAddress
  bytes[1] = (request.netFn << 2) | (request.lun ?? 0)
  bytes[2] = checksum(bytes, 0, 2)
  bytes[3] = consoleAddress
  bytes[4] = request.requestSequence << 2
  bytes[5] = request.command
  bytes.set(request.data, 6)
  bytes[bytes.length - 1] = checksum(bytes, 3, bytes.length - 1)
  return bytes
}

/** @throws MalformedPacketError for anything that is not an answer. */
export function decodeIpmiResponse(bytes: Uint8Array): IpmiResponse {
  const reader = new ByteReader(bytes, 'ipmi message')
  reader.uint8()
  const netFnAndLun = reader.uint8()
  const headerSum = reader.uint8()
  reader.uint8()
  const requestSequence = reader.uint8() >> 2
  const command = reader.uint8()
  const completionCode = reader.uint8()
  if (reader.remaining < 1) throw reader.error('no checksum')
  const data = reader.bytes(reader.remaining - 1)
  const bodySum = reader.uint8()
  if (((netFnAndLun >> 2) & 1) === 0) throw reader.error('a request, not an answer')
  const hasValidChecksums =
    headerSum === checksum(bytes, 0, 2) && bodySum === checksum(bytes, 3, bytes.length - 1)
  return {
    netFn: (netFnAndLun >> 2) - 1,
    command,
    requestSequence,
    completionCode,
    data,
    hasValidChecksums,
  }
}

/** Two's complement of the sum, so that the bytes with their checksum add up to zero. */
function checksum(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0
  for (let index = from; index < to; index++) sum += bytes[index] ?? 0
  return -sum & 0xff
}
