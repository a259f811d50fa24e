import { ByteReader } from '../byte-reader.ts'
import { decodeFactors, type SensorFactors } from './sensor-factors.ts'
import { decodeSdrName } from './type-length.ts'

export type RawFormat = 'unsigned' | 'ones-complement' | 'twos-complement' | 'none'

/** Thresholds as raw readings; a missing one is not readable. */
interface RawThresholds {
  upperNonRecoverable?: number
  upperCritical?: number
  upperNonCritical?: number
  lowerNonRecoverable?: number
  lowerCritical?: number
  lowerNonCritical?: number
}

interface SensorBase {
  recordId: number
  /** Slave address or software id of who owns the sensor; 20h is the BMC. */
  ownerId: number
  lun: number
  number: number
  entityId: number
  entityInstance: number
  /** IPMI 2.0 table 42-3. */
  sensorType: number
  /** IPMI 2.0 table 42-1; 1 is a threshold sensor. */
  eventType: number
  name: string
}

export interface FullSensorRecord extends SensorBase {
  kind: 'full'
  format: RawFormat
  isPercent: boolean
  baseUnit: number
  modifierUnit: number
  /** How the units go together. */
  modifier: 'none' | 'per' | 'times'
  /** Units per this; undefined where the value is no rate. */
  ratePer: string | undefined
  linearization: number
  factors: SensorFactors
  thresholds: RawThresholds
}

export interface CompactSensorRecord extends SensorBase {
  kind: 'compact'
  /** How many sensors this record stands for, with numbers that follow each other. */
  shareCount: number
}

export type SdrRecord =
  | FullSensorRecord
  | CompactSensorRecord
  | ({ kind: 'event-only' } & SensorBase)
  | { kind: 'fru'; recordId: number; fruId: number; isLogical: boolean; name: string }
  | { kind: 'other'; recordId: number; type: number }

const formats = ['unsigned', 'ones-complement', 'twos-complement', 'none'] as const
const rates = [undefined, 'µs', 'ms', 's', 'min', 'h', 'd', undefined] as const
const modifiers = ['none', 'per', 'times', 'none'] as const

/** A record with its header of five bytes (IPMI 2.0 §43). @throws MalformedPacketError */
export function decodeSdrRecord(bytes: Uint8Array): SdrRecord {
  const reader = new ByteReader(bytes, 'sdr')
  const recordId = reader.uint16Le()
  reader.uint8()
  const type = reader.uint8()
  reader.uint8()
  switch (type) {
    case 0x01:
      return decodeFull(recordId, reader)
    case 0x02:
      return decodeCompact(recordId, reader)
    case 0x03:
      return decodeEventOnly(recordId, reader)
    case 0x11:
      return decodeFruLocator(recordId, reader)
    default:
      return { kind: 'other', recordId, type }
  }
}

function decodeKey(reader: ByteReader) {
  const ownerId = reader.uint8()
  const lun = reader.uint8() & 0x03
  return {
    ownerId,
    lun,
    number: reader.uint8(),
    entityId: reader.uint8(),
    entityInstance: reader.uint8() & 0x7f,
  }
}

function decodeFull(recordId: number, reader: ByteReader): FullSensorRecord {
  const key = decodeKey(reader)
  reader.bytes(2)
  const sensorType = reader.uint8()
  const eventType = reader.uint8() & 0x7f
  reader.bytes(4)
  const readable = reader.uint16Le()
  const units = reader.uint8()
  const baseUnit = reader.uint8()
  const modifierUnit = reader.uint8()
  const linearization = reader.uint8() & 0x7f
  const factors = decodeFactors(reader.bytes(6))
  reader.bytes(6)
  const thresholds = decodeThresholds(reader.bytes(6), eventType === 1 ? readable : 0)
  reader.bytes(5)
  return {
    kind: 'full',
    recordId,
    ...key,
    sensorType,
    eventType,
    format: formats[units >> 6] ?? 'none',
    isPercent: (units & 0x01) !== 0,
    baseUnit,
    modifierUnit,
    modifier: modifiers[(units >> 1) & 3] ?? 'none',
    ratePer: rates[(units >> 3) & 7],
    linearization,
    factors,
    thresholds,
    name: decodeSdrName(reader),
  }
}

/** In the record's order; bits of the readable-threshold mask: 0-2 lower, 3-5 upper, from non-critical on. */
function decodeThresholds(bytes: Uint8Array, readable: number): RawThresholds {
  const order = [
    ['upperNonRecoverable', 5],
    ['upperCritical', 4],
    ['upperNonCritical', 3],
    ['lowerNonRecoverable', 2],
    ['lowerCritical', 1],
    ['lowerNonCritical', 0],
  ] as const
  return Object.fromEntries(
    order.flatMap(([name, bit], index) => ((readable >> bit) & 1 ? [[name, bytes[index]]] : [])),
  )
}

function decodeCompact(recordId: number, reader: ByteReader): CompactSensorRecord {
  const key = decodeKey(reader)
  reader.bytes(2)
  const sensorType = reader.uint8()
  const eventType = reader.uint8() & 0x7f
  reader.bytes(9)
  const shareCount = Math.max(1, reader.uint8() & 0x0f)
  reader.bytes(7)
  return { kind: 'compact', recordId, ...key, sensorType, eventType, shareCount, name: decodeSdrName(reader) }
}

function decodeEventOnly(recordId: number, reader: ByteReader): SdrRecord {
  const key = decodeKey(reader)
  const sensorType = reader.uint8()
  const eventType = reader.uint8() & 0x7f
  reader.bytes(4)
  return { kind: 'event-only', recordId, ...key, sensorType, eventType, name: decodeSdrName(reader) }
}

function decodeFruLocator(recordId: number, reader: ByteReader): SdrRecord {
  reader.uint8()
  const fruId = reader.uint8()
  const isLogical = (reader.uint8() & 0x80) !== 0
  reader.bytes(7)
  return { kind: 'fru', recordId, fruId, isLogical, name: decodeSdrName(reader) }
}
