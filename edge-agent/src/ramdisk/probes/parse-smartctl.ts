/** What a disk says about its own health. */
export interface DiskHealth {
  healthy: boolean | null
  wearPercent: number | null
  model: string | null
  serial: string | null
}

/**
 * ATA attributes that count the rated life that is left, 100 down to 0, by their normalised value: wear levelling
 * (Samsung 177, Kingston/SandForce 231), media wear-out (Intel 233), percent lifetime remaining (Micron 202),
 * and the remaining life of others (169, 173).
 */
const lifeAttributes = [231, 233, 202, 177, 173, 169]

/** Reads `smartctl -j -H -i -A` (smartmontools 7). Null when it is not its JSON. */
export function parseSmartctl(text: string): DiskHealth | null {
  const root = parseObject(text)
  if (!root) return null
  const passed = at(root, 'smart_status', 'passed')
  return {
    healthy: typeof passed === 'boolean' ? passed : null,
    wearPercent: findWear(root),
    model: textOf(at(root, 'model_name') ?? at(root, 'scsi_model_name')),
    serial: textOf(at(root, 'serial_number')),
  }
}

function findWear(root: object): number | null {
  const said =
    at(root, 'endurance_used', 'current_percent') ??
    at(root, 'nvme_smart_health_information_log', 'percentage_used') ??
    at(root, 'scsi_percentage_used_endurance_indicator')
  if (typeof said === 'number') return clamp(said, 255)
  const table = at(root, 'ata_smart_attributes', 'table')
  if (!Array.isArray(table) || at(root, 'rotation_rate') !== 0) return null
  for (const id of lifeAttributes) {
    const attribute = table.find((entry) => at(entry, 'id') === id)
    const left = at(attribute, 'value')
    if (typeof left === 'number' && left <= 100) return clamp(100 - left, 100)
  }
  return null
}

/** Reads `nvme smart-log -o json` (NVMe Base 2.0 §5.16.1.3). Null when it is not its JSON. */
export function parseNvmeSmartLog(text: string): Pick<DiskHealth, 'healthy' | 'wearPercent'> | null {
  const root = parseObject(text)
  if (!root) return null
  const used = at(root, 'percent_used') ?? at(root, 'percentage_used')
  // A bit field; nvme-cli 2.x gives an object of it in some versions.
  const warning = at(root, 'critical_warning')
  const bits = typeof warning === 'number' ? warning : at(warning, 'value')
  return {
    healthy: typeof bits === 'number' ? bits === 0 : null,
    wearPercent: typeof used === 'number' ? clamp(used, 255) : null,
  }
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : null
  } catch {
    return null
  }
}

function at(value: unknown, ...path: string[]): unknown {
  let current = value
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined
    current = (current as Record<string, unknown>)[key]
  }
  return current
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 256) : null
}

function clamp(value: number, max: number): number {
  return Math.max(0, Math.min(max, value))
}
