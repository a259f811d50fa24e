import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'
import { basename, join } from 'node:path'
import type { Nic } from '@dragonfly/schema/wire'
import { readNumber, readText } from './text.ts'

type Addresses = NodeJS.Dict<Pick<NetworkInterfaceInfo, 'family' | 'address'>[]>

/** The network cards, as sysfs has them; virtual interfaces (bonds, bridges, VLANs) are left out. */
export function listNics(
  bootMac: string | null,
  sysRoot = '/sys',
  addresses: Addresses = networkInterfaces(),
): Nic[] {
  const root = join(sysRoot, 'class/net')
  const nics: Nic[] = []
  for (const name of readdirSync(root).toSorted()) {
    const path = join(root, name)
    const mac = readText(join(path, 'address'))?.toLowerCase() ?? ''
    if (!existsSync(join(path, 'device')) || !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) continue
    const speed = readNumber(join(path, 'speed'))
    nics.push({
      name,
      mac,
      driver: linkName(join(path, 'device/driver')) ?? linkName(join(path, 'device/../driver')),
      speedMbps: speed !== null && speed > 0 ? speed : null,
      link: readNumber(join(path, 'carrier')) === 1,
      boot: mac === bootMac,
      address: addresses[name]?.find((entry) => entry.family === 'IPv4')?.address ?? null,
      pciSlot: findPciSlot(join(path, 'device')),
      lldp: null,
    })
  }
  return nics.slice(0, 256)
}

function linkName(path: string): string | null {
  try {
    return basename(realpathSync(path))
  } catch {
    return null
  }
}

/** `0000:03:00.0`: the last PCI function on the way to a device. */
function findPciSlot(path: string): string | null {
  try {
    const parts = realpathSync(path).split('/')
    return parts.findLast((part) => /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(part)) ?? null
  } catch {
    return null
  }
}
