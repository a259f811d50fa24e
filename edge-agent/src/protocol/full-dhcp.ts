import { isHostOf } from '@dragonfly/schema/state'
import { shortestLeaseSeconds } from '@dragonfly/schema/wire'
import { type BootClient, readBootClient } from '../codec/dhcp/boot-client.ts'
import { dhcpOptions, readOption } from '../codec/dhcp/options.ts'
import { type DhcpPacket, messageTypes } from '../codec/dhcp/packet.ts'
import { anyAddress, type Ipv4, isHostAddress } from '../codec/ipv4.ts'
import { decodeMac, type Mac } from '../codec/mac.ts'
import {
  type AddressContext,
  chooseAddress,
  chooseSubnet,
  isGrantable,
  readRelaySuboption,
  reservedFor,
  serverIdentifierOverride,
} from './address-choice.ts'
import {
  chooseBootFile,
  chooseDestination,
  type DhcpIgnoreReason,
  type DhcpPorts,
  type DhcpReceived,
  refusePacket,
  type SeenBootClient,
} from './boot-answer.ts'
import type { IndexedBootView, LeasingInterface } from './boot-view.ts'
import { renderLeaseReply } from './lease-reply.ts'
import { isHeld, type Lease, type LeaseTable } from './leases.ts'

export interface DhcpServerState {
  entry: LeasingInterface
  index: IndexedBootView
  leases: LeaseTable
  ports: DhcpPorts
}

export type FullDhcpDecision =
  | {
      kind: 'reply'
      type: 'offer' | 'ack' | 'nak'
      packet: DhcpPacket
      to: { address: Ipv4; port: number }
      /** To be kept before the answer leaves. */
      lease?: Lease
      bootFile?: string
      seen?: SeenBootClient
    }
  /** Nobody may answer at this address: find out, note the lease, and decide again. */
  | { kind: 'probe'; lease: Lease }
  /** Needs no answer. */
  | { kind: 'taken'; what: 'declined' | 'released'; lease: Lease }
  | {
      kind: 'ignore'
      reason: DhcpIgnoreReason
      detail?: string
      lease?: Lease
      /** Another DHCP server of this network, which the client chose. */
      otherServer?: Ipv4
      seen?: SeenBootClient
    }

/** How long an address waits for the client that it was offered to. */
const offerMs = 60_000
/** How long an address is left alone that a client found in use. */
const declinedMs = 600_000

interface Asked extends AddressContext {
  packet: DhcpPacket
  received: DhcpReceived
  server: DhcpServerState
  serverId: Ipv4
}

/**
 * Answers a DHCP packet on port 67 as the LAN's DHCP server (RFC 2131 §4.3). Clients are told apart by their MAC alone:
 * ROM, iPXE, ramdisk and OS of one machine send different client identifiers, and are to have one address.
 * @throws MalformedPacketError where an option that it needs is broken.
 */
export function decideFullDhcp(
  packet: DhcpPacket,
  received: DhcpReceived,
  server: DhcpServerState,
  nowMs: number,
): FullDhcpDecision {
  const reason = refusePacket(packet)
  if (reason) return { kind: 'ignore', reason }
  const mac = decodeMac(packet.clientHardware)
  if (!isClientMac(packet.clientHardware)) return { kind: 'ignore', reason: 'not-ethernet' }
  const served = chooseSubnet(packet, server.entry)
  if (!served) return { kind: 'ignore', reason: 'unknown-subnet', detail: packet.relayAddress }
  const serverId = readRelaySuboption(packet, serverIdentifierOverride) ?? received.serverAddress
  const { index, leases, entry } = server
  const asked: Asked = { packet, received, server, serverId, mac, served, index, leases, nowMs }
  const type = readOption(packet.options, dhcpOptions.messageType)
  if (type === messageTypes.decline) return takeDecline(asked)
  if (type === messageTypes.release) return takeRelease(asked)
  const isKnown = index.machineByMac.has(mac) || index.reservationByMac.has(mac)
  if (entry.dhcp.clients === 'known' && !isKnown) return { kind: 'ignore', reason: 'unknown-machine' }
  if (type === messageTypes.discover) return answerDiscover(asked)
  if (type === messageTypes.request) return answerRequest(asked)
  if (type === messageTypes.inform) return reply(asked, 'ack', undefined)
  return { kind: 'ignore', reason: 'not-for-a-server' }
}

/** Not all zeros, and no group address. */
function isClientMac(hardware: Uint8Array): boolean {
  return ((hardware[0] ?? 1) & 1) === 0 && hardware.subarray(0, 6).some((byte) => byte !== 0)
}

function answerDiscover(asked: Asked): FullDhcpDecision {
  const { packet, leases, mac, nowMs, served } = asked
  const address = chooseAddress(readOption(packet.options, dhcpOptions.requestedAddress), asked)
  if (address === undefined) return { kind: 'ignore', reason: 'pool-exhausted', ...describeSeen(asked) }
  const earlier = leases.ofAddress(address)
  const isTheirs = earlier?.mac === mac && isHeld(earlier, nowMs)
  if (isTheirs && earlier.state === 'bound') return reply(asked, 'offer', earlier)
  const lease = makeLease(asked, address, 'offered', offerMs)
  // A relay's network is out of reach for a probe.
  return isTheirs || served.isRelayed ? reply(asked, 'offer', lease) : { kind: 'probe', lease }
}

/** RFC 2131 §4.3.2, in the order of its table: selecting, init-reboot, renewing or rebinding. */
function answerRequest(asked: Asked): FullDhcpDecision {
  const { packet, serverId, served } = asked
  const chosen = readOption(packet.options, dhcpOptions.serverIdentifier)
  const requested = readOption(packet.options, dhcpOptions.requestedAddress)
  if (chosen !== undefined && chosen !== serverId) return yieldTo(chosen, asked)
  const address = requested ?? packet.clientAddress
  if (chosen !== undefined)
    return isHostOf(served.subnet, address) ? grantOrRefuse(address, asked) : refuse(asked)
  if (address === anyAddress) return { kind: 'ignore', reason: 'not-for-a-server' }
  if (!isHostOf(served.subnet, address)) return refuse(asked)
  return confirm(address, asked, packet.clientAddress === address)
}

/** The client took another server's offer: ours is free again. */
function yieldTo(chosen: Ipv4, asked: Asked): FullDhcpDecision {
  const { leases, mac, nowMs, packet, index } = asked
  const offered = leases.ofMac(mac).find((lease) => lease.state === 'offered' && isHeld(lease, nowMs))
  const isForeign =
    packet.relayAddress === anyAddress && isHostAddress(chosen) && !index.ownAddresses.has(chosen)
  return {
    kind: 'ignore',
    reason: 'for-another-server',
    detail: chosen,
    ...(offered ? { lease: { ...offered, state: 'ended', untilMs: nowMs } } : {}),
    ...(isForeign ? { otherServer: chosen } : {}),
  }
}

/**
 * A client that comes back with an address. One that we know nothing of is left alone (RFC 2131 §4.3.2), unless it is
 * using the address: then our record of it was lost, and it may keep what is nobody else's.
 */
function confirm(address: Ipv4, asked: Asked, isInUse: boolean): FullDhcpDecision {
  const { leases, mac } = asked
  const known = leases.ofMac(mac).some((lease) => isHostOf(asked.served.subnet, lease.address))
  const isTheirs = leases.ofAddress(address)?.mac === mac || reservedFor(asked) === address
  if (isTheirs || isInUse) return grantOrRefuse(address, asked)
  return known ? refuse(asked) : { kind: 'ignore', reason: 'unknown-lease' }
}

function grantOrRefuse(address: Ipv4, asked: Asked): FullDhcpDecision {
  if (!isGrantable(address, asked)) return refuse(asked)
  return reply(asked, 'ack', makeLease(asked, address, 'bound', leaseSeconds(asked) * 1000))
}

function refuse(asked: Asked): FullDhcpDecision {
  return reply(asked, 'nak', undefined)
}

function takeDecline(asked: Asked): FullDhcpDecision {
  const { packet, leases, mac, nowMs } = asked
  const address = readOption(packet.options, dhcpOptions.requestedAddress)
  const lease = address === undefined ? undefined : leases.ofAddress(address)
  if (lease?.mac !== mac || !isForUs(asked)) return { kind: 'ignore', reason: 'unknown-lease' }
  return {
    kind: 'taken',
    what: 'declined',
    lease: { ...lease, state: 'conflict', untilMs: nowMs + declinedMs },
  }
}

function takeRelease(asked: Asked): FullDhcpDecision {
  const { packet, leases, mac, nowMs } = asked
  const lease = leases.ofAddress(packet.clientAddress)
  if (lease?.mac !== mac || lease.state !== 'bound' || !isForUs(asked)) {
    return { kind: 'ignore', reason: 'unknown-lease' }
  }
  return { kind: 'taken', what: 'released', lease: { ...lease, state: 'ended', untilMs: nowMs } }
}

function isForUs({ packet, serverId }: Asked): boolean {
  const chosen = readOption(packet.options, dhcpOptions.serverIdentifier)
  return chosen === undefined || chosen === serverId
}

function makeLease(asked: Asked, address: Ipv4, state: 'offered' | 'bound', lastsMs: number): Lease {
  const { packet, leases, mac, nowMs, server } = asked
  const earlier = leases.ofAddress(address)
  const isSame = earlier?.mac === mac && earlier.state === 'bound' && isHeld(earlier, nowMs)
  return {
    address,
    mac,
    interface: server.entry.name,
    hostname: readHostname(packet),
    state,
    startedAtMs: isSame ? earlier.startedAtMs : nowMs,
    untilMs: nowMs + lastsMs,
  }
}

function readHostname(packet: DhcpPacket): string {
  const text = readOption(packet.options, dhcpOptions.hostName) ?? ''
  return /^[\x21-\x7e]{1,255}$/.test(text) ? text : ''
}

/** What is configured, or less where the client asks for less. */
function leaseSeconds({ packet, server }: Asked): number {
  const wanted = readOption(packet.options, dhcpOptions.leaseTime)
  const { leaseSeconds: most } = server.entry.dhcp
  return wanted === undefined ? most : Math.min(most, Math.max(wanted, shortestLeaseSeconds))
}

function describeSeen({ packet, mac }: { packet: DhcpPacket; mac: Mac }): { seen?: SeenBootClient } {
  const client = readBootClient(packet.options)
  return client ? { seen: { mac, client } } : {}
}

function reply(asked: Asked, type: 'offer' | 'ack' | 'nak', lease: Lease | undefined): FullDhcpDecision {
  const { packet, received, server, serverId, served, nowMs } = asked
  const { seen } = describeSeen(asked)
  // A client that is refused has no right to its address: it cannot be told there (RFC 2131 §4.3.2).
  const addressed = type === 'nak' ? { ...packet, clientAddress: anyAddress } : packet
  const to = chooseDestination(addressed, received, server.ports)
  if (!to) return { kind: 'ignore', reason: 'unreachable-relay', detail: packet.relayAddress }
  const boot = type === 'nak' ? undefined : chooseBoot(asked, seen)
  return {
    kind: 'reply',
    type,
    to,
    ...(lease === undefined ? {} : { lease }),
    ...(seen === undefined ? {} : { seen }),
    ...(boot === undefined ? {} : { bootFile: boot.bootFile }),
    packet: renderLeaseReply({
      request: packet,
      type,
      serverId,
      settings: server.entry.dhcp,
      served,
      address: lease?.address,
      leaseSeconds: lease === undefined ? undefined : secondsOf(lease, asked, nowMs),
      hostname: server.index.machineByMac.get(asked.mac)?.hostname,
      boot: boot && { ...boot, serverAddress: received.serverAddress },
    }),
  }
}

/** An offer tells how long the lease will last, not how long the offer does. */
function secondsOf(lease: Lease, asked: Asked, nowMs: number): number {
  return lease.state === 'bound' && lease.untilMs > nowMs
    ? Math.min(
        leaseSeconds(asked),
        Math.max(shortestLeaseSeconds, Math.round((lease.untilMs - nowMs) / 1000)),
      )
    : leaseSeconds(asked)
}

function chooseBoot(
  { received, server, nowMs }: Asked,
  seen: SeenBootClient | undefined,
): { client: BootClient; bootFile: string } | undefined {
  if (!seen) return undefined
  const choice = chooseBootFile(seen, received.serverAddress, server.index, server.ports, nowMs)
  return choice.kind === 'boot-file' ? { client: seen.client, bootFile: choice.bootFile } : undefined
}
