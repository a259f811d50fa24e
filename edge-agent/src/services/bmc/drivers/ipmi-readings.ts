import type { BmcLogEntry, Sensor as WireSensor } from '@dragonfly/schema/wire'
import { eventSeverity } from '../../../protocol/ipmi/event-severity.ts'
import type { FruInventory, LogEntry, Sensor, Thresholds } from '../../ipmi/index.ts'
import type { InventoryFields } from '../driver.ts'

const longestText = 500
const clip = (text: string): string => text.slice(0, longestText)

const healths = {
  ok: 'ok',
  'non-critical': 'warning',
  critical: 'critical',
  'non-recoverable': 'critical',
} as const

/** IPMI 2.0 table 43-13: an inlet has a number of its own, or the one of DCMI. */
export const inletEntities: readonly number[] = [0x37, 0x40]

export function describeSensor(sensor: Sensor): WireSensor {
  const { name, type, quantity, value, unit, states, health, thresholds, entityId } = sensor
  const limits = describeThresholds(thresholds)
  return {
    name: clip(name),
    kind: quantity ?? clip(type.toLowerCase()),
    value: value !== undefined && Number.isFinite(value) ? value : null,
    unit: unit === '' ? null : clip(unit),
    states: states.slice(0, 16).map(clip),
    health: health ? healths[health] : 'unknown',
    ...(Object.keys(limits).length > 0 ? { thresholds: limits } : {}),
    ...(inletEntities.includes(entityId) ? { isInlet: true } : {}),
  }
}

function describeThresholds(limits: Thresholds): NonNullable<WireSensor['thresholds']> {
  const named = {
    lowerFatal: limits.lowerNonRecoverable,
    lowerCritical: limits.lowerCritical,
    lowerWarning: limits.lowerNonCritical,
    upperWarning: limits.upperNonCritical,
    upperCritical: limits.upperCritical,
    upperFatal: limits.upperNonRecoverable,
  }
  return Object.fromEntries(Object.entries(named).filter(([, value]) => Number.isFinite(value)))
}

/** The text begins with the sensor's name, or with what its kind is called. */
export function describeLogEntry({ recordId, at, text, record }: LogEntry): BmcLogEntry {
  const atMs = at?.getTime() ?? Number.NaN
  const end = text.indexOf(': ')
  return {
    id: String(recordId),
    at: Number.isSafeInteger(atMs) && atMs >= 0 ? atMs : null,
    sensor: clip(end > 0 ? text.slice(0, end) : ''),
    text: clip(end > 0 ? text.slice(end + 2) : text),
    severity: eventSeverity(record),
  }
}

export function describeFru({ chassis, board, product }: FruInventory): InventoryFields {
  const rows: [string, string, string | undefined][] = [
    ['Product', 'Manufacturer', product?.manufacturer],
    ['Product', 'Name', product?.name],
    ['Product', 'Part number', product?.partNumber],
    ['Product', 'Version', product?.version],
    ['Product', 'Serial number', product?.serialNumber],
    ['Product', 'Asset tag', product?.assetTag],
    ['Board', 'Manufacturer', board?.manufacturer],
    ['Board', 'Product', board?.product],
    ['Board', 'Part number', board?.partNumber],
    ['Board', 'Serial number', board?.serialNumber],
    ['Board', 'Made', board?.manufacturedAt?.toISOString().slice(0, 10)],
    ['Chassis', 'Part number', chassis?.partNumber],
    ['Chassis', 'Serial number', chassis?.serialNumber],
  ]
  return rows.flatMap(([group, name, value]) =>
    value === undefined || value.trim() === '' ? [] : [{ group, name, value: clip(value.trim()) }],
  )
}
