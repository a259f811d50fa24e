import { readFile } from 'node:fs/promises'
import type { Ipv4 } from '../codec/ipv4.ts'
import { type Mac, parseMac } from '../codec/mac.ts'

/** The MAC behind an address of the local LAN, as the kernel last saw it (Linux); undefined where it does not know. */
export async function lookUpMac(address: Ipv4): Promise<Mac | undefined> {
  try {
    return parseArpTable(await readFile('/proc/net/arp', 'latin1'), address)
  } catch {
    return undefined
  }
}

export function parseArpTable(table: string, address: Ipv4): Mac | undefined {
  const row = table.split('\n').find((line) => line.startsWith(`${address} `))
  const mac = parseMac(row?.split(/\s+/)[3] ?? '')
  return mac === '00:00:00:00:00:00' ? undefined : mac
}
