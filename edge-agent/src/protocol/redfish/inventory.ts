import type { BmcIdentity } from '@dragonfly/schema/wire'
import { parseUuid } from '../../codec/uuid.ts'
import { numberAt, type Resource, textAt } from './resource.ts'

export interface InventoryField {
  group: string
  name: string
  value: string
}

/** Who and what, from the system, and from its manager where there is one. */
export function parseIdentity(system: Resource, manager: Resource, vendor: string | null): BmcIdentity {
  const guid = parseUuid(textAt(system, 'UUID') ?? '') ?? null
  return {
    vendor: textAt(system, 'Manufacturer') ?? vendor,
    model: textAt(system, 'Model'),
    firmware: textAt(manager, 'FirmwareVersion'),
    serial: parseSerial(system),
    // All zeros or all ones: it was never written.
    guid: guid !== null && /^[0f-]+$/.test(guid) ? null : guid,
  }
}

/** Dell writes the board's number as SerialNumber, and what is printed on the machine as SKU. */
function parseSerial(system: Resource): string | null {
  const sku = textAt(system, 'SKU')
  const isDell = /dell/i.test(textAt(system, 'Manufacturer') ?? '')
  return isDell && sku !== null && /^[0-9A-Z]{5,7}$/.test(sku) ? sku : textAt(system, 'SerialNumber')
}

type Rows = readonly (readonly [name: string, value: string | number | null])[]

export function fieldsOf(group: string, rows: Rows): InventoryField[] {
  return rows.flatMap(([name, value]) =>
    value === null ? [] : [{ group, name, value: String(value).slice(0, 500) }],
  )
}

export function systemFields(system: Resource): InventoryField[] {
  const memoryGib = numberAt(system, 'MemorySummary', 'TotalSystemMemoryGiB')
  const cores = numberAt(system, 'ProcessorSummary', 'CoreCount')
  return fieldsOf('System', [
    ['Manufacturer', textAt(system, 'Manufacturer')],
    ['Model', textAt(system, 'Model')],
    ['SKU', textAt(system, 'SKU')],
    ['Serial number', textAt(system, 'SerialNumber')],
    ['UUID', textAt(system, 'UUID')],
    ['Asset tag', textAt(system, 'AssetTag')],
    ['Host name', textAt(system, 'HostName')],
    ['BIOS', textAt(system, 'BiosVersion')],
    ['Processors', numberAt(system, 'ProcessorSummary', 'Count')],
    ['Processor', textAt(system, 'ProcessorSummary', 'Model')],
    ['Cores', cores],
    ['Memory', memoryGib === null || memoryGib === 0 ? null : `${round(memoryGib)} GiB`],
    ['Health', textAt(system, 'Status', 'HealthRollup') ?? textAt(system, 'Status', 'Health')],
    ['Start-up', textAt(system, 'BootProgress', 'LastState')],
  ])
}

export function driveField(drive: Resource): InventoryField[] {
  if (textAt(drive, 'Status', 'State') === 'Absent') return []
  const bytes = numberAt(drive, 'CapacityBytes')
  const life = numberAt(drive, 'PredictedMediaLifeLeftPercent')
  const parts = [
    textAt(drive, 'Model'),
    bytes === null || bytes === 0 ? null : `${round(bytes / 1e9)} GB`,
    textAt(drive, 'MediaType'),
    textAt(drive, 'Protocol'),
    withLabel('serial number', textAt(drive, 'SerialNumber')),
    life === null ? null : `${round(life)} % of its life left`,
    textAt(drive, 'Status', 'Health'),
  ].filter((part) => part !== null)
  const name = textAt(drive, 'Name') ?? textAt(drive, 'Id')
  return fieldsOf('Disks', [[name ?? 'Disk', parts.join(', ')]])
}

export function firmwareField(item: Resource): InventoryField[] {
  const name = textAt(item, 'Name') ?? textAt(item, 'Id')
  return fieldsOf('Firmware', [[name ?? 'Firmware', textAt(item, 'Version')]])
}

const withLabel = (label: string, text: string | null) => (text === null ? null : `${label} ${text}`)
const round = (value: number) => Math.round(value * 10) / 10
