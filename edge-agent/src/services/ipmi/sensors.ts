import type { CompactSensorRecord, FullSensorRecord, SdrRecord } from '../../codec/ipmi/sdr-record.ts'
import { getSensorFactors } from '../../codec/ipmi/sensor-factors.ts'
import { getSensorReading, type SensorReading } from '../../codec/ipmi/sensor-reading.ts'
import {
  convertReading,
  convertThresholds,
  type Health,
  nonLinear,
  type Thresholds,
  thresholdHealth,
} from '../../protocol/ipmi/sensor-conversion.ts'
import { renderSensorType, renderStates } from '../../protocol/ipmi/sensor-states.ts'
import { isCelsius, isWatts, renderUnit } from '../../protocol/ipmi/sensor-units.ts'
import { orRefused } from './refusals.ts'
import { readSensorRecords } from './sensor-records.ts'
import type { IpmiSession } from './session.ts'

export interface Sensor {
  number: number
  name: string
  /** `Temperature`, `Fan`. */
  type: string
  /** IPMI 2.0 table 43-13: 3 processor, 7 system board, 55 air inlet. */
  entityId: number
  /** In `unit`; undefined for a sensor of states, or while there is no reading. */
  value: number | undefined
  /** `°C`, `RPM`, `W`, `%`; empty where there is none. */
  unit: string
  /** Of a threshold sensor with a reading. */
  health: Health | undefined
  /** Asserted states of a discrete sensor, in words. */
  states: string[]
  thresholds: Thresholds
  quantity: 'temperature' | 'power' | undefined
}

const bmcOwner = 0x20

type SensorRecord = FullSensorRecord | CompactSensorRecord

export interface SensorChoice {
  quantity: 'temperature'
  most: number
  /** Entities that are not to be missed when there are more. */
  first: readonly number[]
}

/**
 * Every sensor that the BMC itself has and that answers. With a choice, some of them, by the records that were read
 * when all of them were asked for.
 */
export async function readSensors(session: IpmiSession, choice?: SensorChoice): Promise<Sensor[]> {
  const records = (await readSensorRecords(session, { mayBeStale: choice !== undefined })).flatMap(sensorsOf)
  const sensors: Sensor[] = []
  for (const record of choice ? choose(records, choice) : records) {
    const sensor = await readSensor(session, record)
    if (sensor) sensors.push(sensor)
  }
  return sensors
}

function choose(records: readonly SensorRecord[], { most, first }: SensorChoice): SensorRecord[] {
  const fitting = records.filter((record) => record.kind === 'full' && isCelsius(record))
  const isFirst = ({ entityId }: SensorRecord) => first.includes(entityId)
  return [...fitting.filter(isFirst), ...fitting.filter((record) => !isFirst(record))].slice(0, most)
}

/** A compact record may stand for several sensors. */
function sensorsOf(record: SdrRecord): SensorRecord[] {
  if (record.kind === 'full') return record.ownerId === bmcOwner ? [record] : []
  if (record.kind !== 'compact' || record.ownerId !== bmcOwner) return []
  return Array.from({ length: record.shareCount }, (_, index) => ({
    ...record,
    number: record.number + index,
    name: record.shareCount > 1 ? `${record.name} ${index + 1}` : record.name,
  }))
}

/** Undefined for a sensor that is in the records only. */
export async function readSensor(session: IpmiSession, record: SensorRecord): Promise<Sensor | undefined> {
  const ask = session.request(
    getSensorReading,
    { sensor: record.number },
    { retriesBusy: false, lun: record.lun },
  )
  const reading = await orRefused(ask)
  if (!reading) return undefined
  const full = record.kind === 'full' ? record : undefined
  return {
    number: record.number,
    name: record.name || `Sensor ${record.number}`,
    type: renderSensorType(record.sensorType),
    entityId: record.entityId,
    value: full && reading.isAvailable ? await convertedValue(session, full, reading.raw) : undefined,
    unit: full ? renderUnit(full) : '',
    ...statesOf(record, reading),
    thresholds: full ? convertThresholds(full) : {},
    quantity: full && isCelsius(full) ? 'temperature' : full && isWatts(full) ? 'power' : undefined,
  }
}

function statesOf(record: SensorRecord, reading: SensorReading): Pick<Sensor, 'health' | 'states'> {
  if (!reading.isAvailable) return { health: undefined, states: [] }
  if (record.eventType === 1) return { health: thresholdHealth(reading.states), states: [] }
  return { health: undefined, states: renderStates(record.sensorType, record.eventType, reading.states) }
}

async function convertedValue(
  session: IpmiSession,
  record: FullSensorRecord,
  raw: number,
): Promise<number | undefined> {
  if (record.linearization !== nonLinear) return convertReading(raw, record)
  const ask = session.request(getSensorFactors, { sensor: record.number, raw }, { lun: record.lun })
  const factors = await orRefused(ask)
  return factors && convertReading(raw, { ...record, factors })
}
