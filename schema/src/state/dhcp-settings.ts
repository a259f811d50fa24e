import type { DhcpSettings } from '../wire/dhcp.ts'
import { type Ipv4Subnet, ipv4FromNumber, ipv4Subnet, ipv4ToNumber, isHostOf } from './ipv4-subnet.ts'

/** What is wrong with a setting, in a sentence for the person who made it. */
export interface DhcpSettingsFault {
  field: 'firstAddress' | 'lastAddress' | 'gateway' | 'relayed'
  message: string
}

/** An interface's own address, as its host reports it. */
export interface InterfaceAddress {
  address: string
  prefixLength: number
}

type AddressRange = Pick<DhcpSettings, 'firstAddress' | 'lastAddress' | 'gateway'>

const mostAddresses = 65_536

/** The rules for addresses that an edge gives out: consulted by the portal's form, the control plane and the edge. */
export function checkDhcpSettings(settings: DhcpSettings, own: InterfaceAddress): DhcpSettingsFault[] {
  if (own.prefixLength > 30) {
    return [
      { field: 'firstAddress', message: `A /${own.prefixLength} network has no addresses to give out.` },
    ]
  }
  const subnet = ipv4Subnet(own.address, own.prefixLength)
  const faults = checkRange(settings, subnet, own.prefixLength)
  if (covers(settings, own.address)) {
    const message = `The range contains ${own.address}, which is the edge’s own address.`
    faults.push({ field: 'firstAddress', message })
  }
  if (settings.gateway === own.address) {
    const message = `${own.address} is the edge itself, which routes nothing: name the router, or leave it empty.`
    faults.push({ field: 'gateway', message })
  }
  for (const relayed of settings.relayed) faults.push(...checkRelayed(relayed, subnet))
  return faults
}

function checkRange(range: AddressRange, subnet: Ipv4Subnet, prefixLength: number): DhcpSettingsFault[] {
  const faults: DhcpSettingsFault[] = []
  const name = `${ipv4FromNumber(subnet.network)}/${prefixLength}`
  const { firstAddress, lastAddress, gateway } = range
  for (const [field, address] of Object.entries({ firstAddress, lastAddress })) {
    if (isHostOf(subnet, address)) continue
    faults.push({
      field: field as 'firstAddress' | 'lastAddress',
      message: `${address} is not an address of a host in this network, ${name}.`,
    })
  }
  const size = ipv4ToNumber(lastAddress) - ipv4ToNumber(firstAddress) + 1
  if (size < 1) faults.push({ field: 'lastAddress', message: 'The range ends before it begins.' })
  if (size > mostAddresses)
    faults.push({ field: 'lastAddress', message: 'A range has at most 65,536 addresses.' })
  if (gateway !== null && !isHostOf(subnet, gateway))
    faults.push({ field: 'gateway', message: `The gateway has to be a host in this network, ${name}.` })
  if (gateway !== null && covers(range, gateway))
    faults.push({ field: 'gateway', message: `The range contains the gateway, ${gateway}.` })
  return faults
}

function checkRelayed(relayed: DhcpSettings['relayed'][number], own: Ipv4Subnet): DhcpSettingsFault[] {
  const subnet = ipv4Subnet(relayed.network, relayed.prefixLength)
  const name = `${relayed.network}/${relayed.prefixLength}`
  const messages = checkRange(relayed, subnet, relayed.prefixLength).map(({ message }) => message)
  if (ipv4ToNumber(relayed.network) !== subnet.network)
    messages.push(`The network of ${name} begins at ${ipv4FromNumber(subnet.network)}.`)
  if (subnet.network <= own.broadcast && subnet.broadcast >= own.network)
    messages.push('This is the interface’s own network: no relay is between them.')
  return messages.map((message) => ({ field: 'relayed', message: `Behind a relay, ${name}: ${message}` }))
}

function covers(range: AddressRange, address: string): boolean {
  const value = ipv4ToNumber(address)
  return value >= ipv4ToNumber(range.firstAddress) && value <= ipv4ToNumber(range.lastAddress)
}

/** Settings to begin with: the larger free half of the network on one side of the edge's address. */
export function proposeDhcpSettings(own: InterfaceAddress): DhcpSettings | null {
  if (own.prefixLength > 30) return null
  const { network, broadcast } = ipv4Subnet(own.address, own.prefixLength)
  const edge = ipv4ToNumber(own.address)
  // The lowest addresses are where people put routers and servers.
  const first = network + Math.max(1, Math.min(100, Math.floor((broadcast - network) / 2)))
  const last = broadcast - 1 - Math.floor((broadcast - network) / 64)
  const [from, to] = chooseSide(first, Math.max(first, last), edge)
  const [low, high] = from > to ? [network + 1, edge - 1] : [from, to]
  if (low > high) return null
  return {
    firstAddress: ipv4FromNumber(low),
    lastAddress: ipv4FromNumber(Math.min(high, low + 4095)),
    gateway: null,
    dnsServers: [],
    ntpServers: [],
    domain: null,
    leaseSeconds: 3600,
    clients: 'everyone',
    relayed: [],
  }
}

function chooseSide(first: number, last: number, edge: number): [number, number] {
  if (edge < first || edge > last) return [first, last]
  return edge - first > last - edge ? [first, edge - 1] : [edge + 1, last]
}
