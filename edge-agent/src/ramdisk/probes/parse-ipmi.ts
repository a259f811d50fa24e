import { cleanText } from './text.ts'

/** Reads `ipmitool lan print`. Null for a channel without an address of its own. */
export function parseLanPrint(text: string): { address: string | null; mac: string | null } | null {
  const address = /^IP Address\s*:\s*(\d{1,3}(?:\.\d{1,3}){3})\s*$/m.exec(text)?.[1] ?? null
  const mac =
    /^MAC Address\s*:\s*([0-9a-f]{2}(?::[0-9a-f]{2}){5})\s*$/im.exec(text)?.[1]?.toLowerCase() ?? null
  const usable = {
    address: address === '0.0.0.0' ? null : address,
    mac: mac === '00:00:00:00:00:00' ? null : mac,
  }
  return usable.address || usable.mac ? usable : null
}

/** Reads `ipmitool mc info`: "Supermicro 1.74". */
export function parseMcInfo(text: string): string | null {
  const revision = /^Firmware Revision\s*:\s*(.+)$/m.exec(text)?.[1]
  const maker = /^Manufacturer Name\s*:\s*(.+)$/m.exec(text)?.[1] ?? ''
  if (!revision) return null
  return cleanText(/unknown/i.test(maker) ? revision : `${maker} ${revision}`)
}
