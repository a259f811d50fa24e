import type { BmcLogEntry, Sensor as WireSensor } from '@dragonfly/schema/wire'
import type { FruInventory, LogEntry, Sensor } from '../../ipmi/index.ts'
import type { InventoryFields } from '../driver.ts'

const longestText = 500
const clip = (text: string): string => text.slice(0, longestText)

const healths = {
  ok: 'ok',
  'non-critical': 'warning',
  critical: 'critical',
  'non-recoverable': 'critical',
} as const

export function describeSensor({ name, type, value, unit, states, health }: Sensor): WireSensor {
  return {
    name: clip(name),
    kind: clip(type.toLowerCase()),
    value: value !== undefined && Number.isFinite(value) ? value : null,
    unit: unit === '' ? null : clip(unit),
    states: states.slice(0, 16).map(clip),
    health: health ? healths[health] : 'unknown',
  }
}

/** The log's own words name the sensor. */
export function describeLogEntry({ recordId, at, text }: LogEntry): BmcLogEntry {
  const atMs = at?.getTime() ?? Number.NaN
  return {
    id: String(recordId),
    at: Number.isSafeInteger(atMs) && atMs >= 0 ? atMs : null,
    sensor: '',
    text: clip(text),
    severity: 'unknown',
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
