import { ByteReader } from '../byte-reader.ts'

export interface SystemEvent {
  kind: 'system'
  recordId: number
  /** BMC's seconds since 1970; undefined where its clock was not set. */
  atSeconds: number | undefined
  generatorId: number
  sensorType: number
  sensorNumber: number
  eventType: number
  isDeasserted: boolean
  /** Three bytes. */
  data: Uint8Array
}

/** An entry of the system event log (IPMI 2.0 §32). */
export type SelRecord =
  | SystemEvent
  | { kind: 'oem'; recordId: number; type: number; atSeconds: number | undefined; data: Uint8Array }

/** Times before this count from the BMC's start. */
const earliestClockSeconds = 0x20000000

/** @throws MalformedPacketError for less than 16 bytes. */
export function decodeSelRecord(bytes: Uint8Array): SelRecord {
  const reader = new ByteReader(bytes, 'sel entry')
  const recordId = reader.uint16Le()
  const type = reader.uint8()
  if (type >= 0xe0) return { kind: 'oem', recordId, type, atSeconds: undefined, data: reader.bytes(13) }
  const seconds = reader.uint32Le()
  const atSeconds = seconds < earliestClockSeconds || seconds === 0xffffffff ? undefined : seconds
  if (type >= 0xc0) return { kind: 'oem', recordId, type, atSeconds, data: reader.bytes(9) }
  const generatorId = reader.uint16Le()
  reader.uint8()
  const sensorType = reader.uint8()
  const sensorNumber = reader.uint8()
  const event = reader.uint8()
  return {
    kind: 'system',
    recordId,
    atSeconds,
    generatorId,
    sensorType,
    sensorNumber,
    eventType: event & 0x7f,
    isDeasserted: (event & 0x80) !== 0,
    data: reader.bytes(3),
  }
}
