import type { Inventory } from '@dragonfly/schema/wire'
import { cleanSmbiosText, cleanText } from './text.ts'

type Dimm = Inventory['memory']['dimms'][number]

const unitBytes: Record<string, number> = {
  bytes: 1,
  kb: 1024,
  mb: 1024 ** 2,
  gb: 1024 ** 3,
  tb: 1024 ** 4,
}

/** Reads `dmidecode -t 17` (SMBIOS 7.18, Memory Device). Empty slots are left out. */
export function parseMemoryDevices(text: string): Dimm[] {
  const dimms: Dimm[] = []
  for (const block of text.split(/\n\s*\n/)) {
    if (!/^Memory Device$/m.test(block)) continue
    const fields = parseFields(block)
    const sizeBytes = parseSize(fields.get('Size') ?? '')
    if (sizeBytes === 0) continue
    dimms.push({
      slot: cleanText(fields.get('Locator')) ?? `slot ${dimms.length}`,
      sizeBytes,
      type: cleanSmbiosText(fields.get('Type')),
      speedMtps: parseSpeed(fields.get('Configured Memory Speed')) ?? parseSpeed(fields.get('Speed')),
      manufacturer: cleanSmbiosText(fields.get('Manufacturer')),
      partNumber: cleanSmbiosText(fields.get('Part Number')),
      serial: cleanSmbiosText(fields.get('Serial Number')),
    })
  }
  return dimms.slice(0, 512)
}

function parseFields(block: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of block.split('\n')) {
    const match = /^\t([^\t:]+):\s*(.*)$/.exec(line)
    if (match?.[1] && match[2] !== undefined) fields.set(match[1], match[2])
  }
  return fields
}

function parseSize(text: string): number {
  const match = /^(\d+)\s*(bytes|kB|MB|GB|TB)$/i.exec(text.trim())
  return match ? Number(match[1]) * (unitBytes[(match[2] ?? '').toLowerCase()] ?? 0) : 0
}

/** "2666 MT/s"; older versions say MHz for the same number. */
function parseSpeed(text: string | undefined): number | null {
  const match = /^(\d+)\s*(MT\/s|MHz)$/.exec((text ?? '').trim())
  const speed = Number(match?.[1] ?? 0)
  return speed > 0 ? speed : null
}
