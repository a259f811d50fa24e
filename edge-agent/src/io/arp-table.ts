import { readFile } from 'node:fs/promises'
import type { Ipv4 } from '../codec/ipv4.ts'
import { type Mac, parseMac } from '../codec/mac.ts'

/** The MAC behind an address of the local LAN, as the kernel last saw it (Linux); undefined where it does not know. */
export async function lookUpMac(address: Ipv4, device?: string): Promise<Mac | undefined> {
  try {
    return parseArpTable(await readFile('/proc/net/arp', 'latin1'), address, device)
  } catch {
    return undefined
  }
}

export function parseArpTable(table: string, address: Ipv4, device?: string): Mac | undefined {
  const row = table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find((columns) => columns[0] === address && (device === undefined || columns[5] === device))
  const mac = parseMac(row?.[3] ?? '')
  return mac === '00:00:00:00:00:00' ? undefined : mac
}
