import { type Ipv4Subnet, ipv4FromNumber, ipv4Subnet, ipv4ToNumber, isHostOf } from '@dragonfly/schema/state'
import { ByteReader } from '../codec/byte-reader.ts'
import { dhcpOptions, readOption } from '../codec/dhcp/options.ts'
import type { DhcpPacket } from '../codec/dhcp/packet.ts'
import { anyAddress, decodeIpv4, type Ipv4 } from '../codec/ipv4.ts'
import type { Mac } from '../codec/mac.ts'
import type { IndexedBootView, LeasingInterface } from './boot-view.ts'
import { isHeld, type LeaseTable } from './leases.ts'

/** One network that addresses are given out for: an interface's own, or one behind a relay. */
export interface ServedSubnet {
  subnet: Ipv4Subnet
  first: number
  last: number
  gateway: Ipv4 | null
  isRelayed: boolean
}

/**
 * The network that the client is in (RFC 2131 §4.3.1): where its relay is, else where its own address is, else where
 * the packet came in. Undefined where addresses for it are not ours to give.
 */
export function chooseSubnet(packet: DhcpPacket, entry: LeasingInterface): ServedSubnet | undefined {
  const subnets = listSubnets(entry)
  const link = readRelaySuboption(packet, linkSelection) ?? packet.relayAddress
  const place = link === anyAddress ? packet.clientAddress : link
  if (place === anyAddress) return subnets[0]
  return subnets.find(({ subnet }) => isHostOf(subnet, place))
}

function listSubnets({ address, prefixLength, dhcp }: LeasingInterface): ServedSubnet[] {
  const own = { ...dhcp, network: address, prefixLength }
  return [own, ...dhcp.relayed].map((entry, index) => ({
    subnet: ipv4Subnet(entry.network, entry.prefixLength),
    first: ipv4ToNumber(entry.firstAddress),
    last: ipv4ToNumber(entry.lastAddress),
    gateway: entry.gateway,
    isRelayed: index > 0,
  }))
}

/** RFC 3527: the relay is in another network than its client. */
const linkSelection = 5
/** RFC 5107: the address by which clients are to know us, so that all that they send goes by the relay. */
export const serverIdentifierOverride = 11

/** An address among the sub-options of option 82. @throws MalformedPacketError where they are broken. */
export function readRelaySuboption(packet: DhcpPacket, wanted: number): Ipv4 | undefined {
  const reader = new ByteReader(
    readOption(packet.options, dhcpOptions.relayInformation) ?? new Uint8Array(),
    'dhcp',
  )
  let found: Ipv4 | undefined
  while (reader.remaining > 0) {
    const code = reader.uint8()
    const value = reader.bytes(reader.uint8())
    if (code === wanted && value.length === 4) found = decodeIpv4(value)
  }
  return found
}

export interface AddressContext {
  mac: Mac
  served: ServedSubnet
  index: IndexedBootView
  leases: LeaseTable
  nowMs: number
}

/** What is reserved for this client in this network. */
export function reservedFor({ mac, served, index }: AddressContext): Ipv4 | undefined {
  const address = index.reservationByMac.get(mac)
  return address !== undefined && isHostOf(served.subnet, address) ? address : undefined
}

/** Whether the client may have this address: its reservation and none else, or one of the range that nobody has. */
export function isGrantable(address: Ipv4, context: AddressContext): boolean {
  const reserved = reservedFor(context)
  if (reserved !== undefined && reserved !== address && isFree(reserved, context)) return false
  return reserved === address
    ? isFree(address, context)
    : isInRange(address, context) && isFree(address, context)
}

/**
 * An address for a client: its reservation, its last one, the one that it asks for, one that nobody ever had (where in
 * the range depends on the MAC, so that it is the same again should the leases be lost), else the one longest unused.
 */
export function chooseAddress(requested: Ipv4 | undefined, context: AddressContext): Ipv4 | undefined {
  const { mac, served, leases } = context
  const wishes = [reservedFor(context), ...leases.ofMac(mac).map(({ address }) => address), requested]
  for (const wish of wishes) {
    if (wish !== undefined && isHostOf(served.subnet, wish) && isGrantable(wish, context)) return wish
  }
  return searchRange(context)
}

function searchRange(context: AddressContext): Ipv4 | undefined {
  const { mac, served, leases } = context
  const size = served.last - served.first + 1
  const start = spread(mac) % size
  let oldest: { address: Ipv4; untilMs: number } | undefined
  for (let step = 0; step < size; step++) {
    const address = ipv4FromNumber(served.first + ((start + step) % size))
    if (!isInRange(address, context) || !isFree(address, context)) continue
    const earlier = leases.ofAddress(address)
    if (!earlier) return address
    if (!oldest || earlier.untilMs < oldest.untilMs) oldest = { address, untilMs: earlier.untilMs }
  }
  return oldest?.address
}

function isInRange(address: Ipv4, { mac, served, index }: AddressContext): boolean {
  const value = ipv4ToNumber(address)
  if (value < served.first || value > served.last || address === served.gateway) return false
  if (index.ownAddresses.has(address)) return false
  const reservedBy = index.macByReservation.get(address)
  return reservedBy === undefined || reservedBy === mac
}

function isFree(address: Ipv4, { mac, leases, nowMs }: AddressContext): boolean {
  const lease = leases.ofAddress(address)
  return !lease || !isHeld(lease, nowMs) || (lease.mac === mac && lease.state !== 'conflict')
}

/** FNV-1a, 32 bits. */
function spread(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0
  return hash
}
