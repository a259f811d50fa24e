import type { FullSensorRecord } from '../../codec/ipmi/sdr-record.ts'
import type { SelRecord, SystemEvent } from '../../codec/ipmi/sel-record.ts'
import { convertReading } from './sensor-conversion.ts'
import { renderSensorType, renderState } from './sensor-states.ts'
import { renderUnit } from './sensor-units.ts'

/** The sensor that an event names, as far as its records are known. */
export interface EventSensor {
  name: string
  full?: FullSensorRecord
}

/** `CPU Temp: above critical, rising (reading 92 °C, threshold 90 °C)`. */
export function renderEvent(record: SelRecord, sensor: EventSensor | undefined): string {
  if (record.kind === 'oem') {
    const hex = Array.from(record.data, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
    return `Maker’s own event ${record.type.toString(16).padStart(2, '0')}h: ${hex}`
  }
  const who = sensor?.name || `${renderSensorType(record.sensorType)} (sensor ${record.sensorNumber})`
  const [first = 0] = record.data
  const state = renderState(record.sensorType, record.eventType, first & 0x0f)
  return `${who}: ${state}${record.isDeasserted ? ', no more' : ''}${renderValues(record, sensor?.full)}`
}

/** Bits 7-6 and 5-4 of the first byte say whether the others are a reading and a threshold. */
function renderValues(record: SystemEvent, sensor: FullSensorRecord | undefined): string {
  if (record.eventType !== 0x01 || !sensor) return ''
  const [first = 0, reading = 0, threshold = 0] = record.data
  const parts = [
    first >> 6 === 1 ? renderValue('reading', reading, sensor) : [],
    ((first >> 4) & 3) === 1 ? renderValue('threshold', threshold, sensor) : [],
  ].flat()
  return parts.length > 0 ? ` (${parts.join(', ')})` : ''
}

function renderValue(what: string, raw: number, sensor: FullSensorRecord): string[] {
  const value = convertReading(raw, sensor)
  return value === undefined ? [] : [`${what} ${Number(value.toFixed(3))} ${renderUnit(sensor)}`.trimEnd()]
}
