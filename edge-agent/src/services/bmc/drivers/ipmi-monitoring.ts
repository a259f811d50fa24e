import type { BmcLogEntry, Sensor } from '@dragonfly/schema/wire'
import { eventSeverity } from '../../../protocol/ipmi/event-severity.ts'
import {
  type Health,
  type Sensor as IpmiSensor,
  type IpmiSession,
  type LogEntry,
  readEventLog,
  readSensors,
} from '../../ipmi/index.ts'

const mostSensors = 1000
/** Of a large machine: enough for its inlet and its hottest parts, and cheap enough for every minute. */
const mostTemperatures = 8

/** IPMI 2.0 table 43-13: an inlet has a number of its own, or the one of DCMI. */
const inletEntities = [0x37, 0x40]
const processorEntities = [0x03, 0x41]

/** With `onlyTemperatures`, the ones that matter most. */
export async function readIpmiSensors(session: IpmiSession, onlyTemperatures: boolean): Promise<Sensor[]> {
  const sensors = onlyTemperatures
    ? await readSensors(session, {
        quantity: 'temperature',
        most: mostTemperatures,
        first: [...inletEntities, ...processorEntities],
      })
    : await readSensors(session)
  return sensors.slice(0, mostSensors).map(describeSensor)
}

export async function readIpmiEventLog(
  session: IpmiSession,
  after: string | undefined,
): Promise<BmcLogEntry[]> {
  const recordId = after === undefined ? Number.NaN : Number(after)
  const entries = await readEventLog(session, Number.isInteger(recordId) ? { after: recordId } : {})
  return entries.map(describeEntry)
}

function describeSensor(sensor: IpmiSensor): Sensor {
  const { name, value, unit, states, health, thresholds, entityId } = sensor
  const limits = describeThresholds(thresholds)
  return {
    name: name.slice(0, 500),
    kind: kindOf(sensor),
    value: value ?? null,
    unit: unit === '' ? null : unit.slice(0, 500),
    states: states.slice(0, 16),
    health: health ? healths[health] : 'unknown',
    ...(Object.keys(limits).length > 0 ? { thresholds: limits } : {}),
    ...(inletEntities.includes(entityId) ? { isInlet: true } : {}),
  }
}

const healths: Record<Health, Sensor['health']> = {
  ok: 'ok',
  'non-critical': 'warning',
  critical: 'critical',
  'non-recoverable': 'critical',
}

function kindOf({ quantity, type }: IpmiSensor): string {
  return quantity ?? type.toLowerCase()
}

function describeThresholds(limits: IpmiSensor['thresholds']): NonNullable<Sensor['thresholds']> {
  const named = {
    lowerFatal: limits.lowerNonRecoverable,
    lowerCritical: limits.lowerCritical,
    lowerWarning: limits.lowerNonCritical,
    upperWarning: limits.upperNonCritical,
    upperCritical: limits.upperCritical,
    upperFatal: limits.upperNonRecoverable,
  }
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined))
}

/** The text begins with the sensor's name, or with what its kind is called. */
function describeEntry({ recordId, at, text, record }: LogEntry): BmcLogEntry {
  const end = text.indexOf(': ')
  return {
    id: String(recordId),
    at: at?.getTime() ?? null,
    sensor: (end > 0 ? text.slice(0, end) : '').slice(0, 500),
    text: (end > 0 ? text.slice(end + 2) : text).slice(0, 500),
    severity: eventSeverity(record),
  }
}
