import { readdir, readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import type { HostInterface } from '@dragonfly/schema/wire'

const mostInterfaces = 64
const macPattern = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/

/** The host's network interfaces, those without an IPv4 address too (Linux). Loopback is left out. */
export async function listHostInterfaces(): Promise<HostInterface[]> {
  const found = new Map<string, HostInterface>()
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    const ipv4 = addresses?.find((entry) => entry.family === 'IPv4' && !entry.internal)
    if (!ipv4 || !isUsable(ipv4.mac)) continue
    const prefixLength = Number(ipv4.cidr?.split('/')[1])
    found.set(name, {
      name,
      mac: ipv4.mac,
      address: ipv4.address,
      prefixLength: Number.isInteger(prefixLength) ? prefixLength : null,
      up: true,
    })
  }
  for (const name of await readdir('/sys/class/net').catch(() => [])) {
    if (found.has(name) || name === 'lo') continue
    const mac = await readAttribute(name, 'address')
    if (!isUsable(mac)) continue
    const up = (await readAttribute(name, 'operstate')) === 'up'
    found.set(name, { name, mac, address: null, prefixLength: null, up })
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).slice(0, mostInterfaces)
}

async function readAttribute(name: string, attribute: string): Promise<string> {
  return (await readFile(`/sys/class/net/${name}/${attribute}`, 'utf8').catch(() => '')).trim()
}

function isUsable(mac: string): boolean {
  return macPattern.test(mac) && mac !== '00:00:00:00:00:00'
}
