import { parseMac } from '../../codec/mac.ts'
import { listAt, type Resource, textAt, textsAt, valueAt } from './resource.ts'

export interface RedfishNic {
  mac: string
  /** As the BMC calls it. */
  name: string | null
}

/** Multicast, all zeros and all ones are no NIC's; BMCs print them for ports that they can't read. */
function parseNicMac(text: string | null): string | null {
  const mac = text === null ? undefined : parseMac(text.trim())
  if (mac === undefined || /^(00:){5}00$/.test(mac)) return null
  return Number.parseInt(mac.slice(0, 2), 16) & 1 ? null : mac
}

/** The way from the host to its own BMC, and VLANs on top of a NIC, are no NICs to boot from. */
function isVirtual(resource: Resource): boolean {
  const words = `${textAt(resource, 'Id') ?? ''} ${textAt(resource, 'Name') ?? ''}`
  if (/tohost|tomanager|host ?interface|usb ?nic|usb ethernet|\bbmc\b/i.test(words)) return true
  const type = textAt(resource, 'EthernetInterfaceType')
  return type === 'Virtual' || valueAt(resource, 'VLAN', 'VLANEnable') === true
}

/** Of an `EthernetInterface` of the system. */
export function nicsOfInterface(resource: Resource): RedfishNic[] {
  if (isVirtual(resource)) return []
  return named(resource, [textAt(resource, 'PermanentMACAddress'), textAt(resource, 'MACAddress')])
}

/** Of a `NetworkDeviceFunction`; InfiniBand and storage have addresses of another kind. */
export function nicsOfFunction(resource: Resource): RedfishNic[] {
  const type = textAt(resource, 'NetDevFuncType')
  if (type !== null && type !== 'Ethernet' && type !== 'Disabled') return []
  return named(resource, [
    textAt(resource, 'Ethernet', 'PermanentMACAddress'),
    textAt(resource, 'Ethernet', 'MACAddress'),
  ])
}

/** Of a `NetworkPort` (old) or `Port`. */
export function nicsOfPort(resource: Resource): RedfishNic[] {
  const technology = textAt(resource, 'ActiveLinkTechnology') ?? textAt(resource, 'LinkNetworkTechnology')
  if (technology !== null && technology !== 'Ethernet') return []
  return named(resource, [
    ...textsAt(resource, 'AssociatedNetworkAddresses'),
    ...textsAt(resource, 'Ethernet', 'AssociatedMACAddresses'),
  ])
}

/** Of HPE's older `BaseNetworkAdapters`. */
export function nicsOfAdapter(resource: Resource): RedfishNic[] {
  return listAt(resource, 'PhysicalPorts').flatMap((port) => named(port, [textAt(port, 'MacAddress')]))
}

/** Of a `BootOption`, whose UEFI device path holds `MAC(AABBCCDDEEFF,0x1)` (UEFI 2.10, 10.3.4.11). */
export function nicsOfBootOption(resource: Resource): RedfishNic[] {
  const digits = textAt(resource, 'UefiDevicePath')?.match(/MAC\(([0-9a-f]{12})/i)?.[1]
  const mac = digits === undefined ? null : parseNicMac(digits.replace(/..(?!$)/g, '$&:'))
  return mac === null ? [] : [{ mac, name: textAt(resource, 'DisplayName') }]
}

function named(resource: Resource, texts: readonly (string | null)[]): RedfishNic[] {
  const name = textAt(resource, 'Id') ?? textAt(resource, 'Name')
  return texts.flatMap((text) => {
    const mac = parseNicMac(text)
    return mac === null ? [] : [{ mac, name }]
  })
}

/** Each MAC once, with the first name that it was given. */
export function mergeNics(nics: readonly RedfishNic[]): RedfishNic[] {
  const merged = new Map<string, RedfishNic>()
  for (const nic of nics) {
    const known = merged.get(nic.mac)
    if (!known) merged.set(nic.mac, nic)
    else if (known.name === null) merged.set(nic.mac, nic)
  }
  return [...merged.values()]
}
