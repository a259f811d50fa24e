import { type BootClient, readBootClient } from '../codec/dhcp/boot-client.ts'
import { dhcpOptions, readOption, writeOption } from '../codec/dhcp/options.ts'
import { bootReply, type DhcpPacket, messageTypes } from '../codec/dhcp/packet.ts'
import { anyAddress, type Ipv4 } from '../codec/ipv4.ts'
import { decodeMac } from '../codec/mac.ts'
import {
  chooseBootFile,
  chooseDestination,
  copyOption,
  type DhcpIgnoreReason,
  type DhcpPorts,
  type DhcpReceived,
  refusePacket,
  type SeenBootClient,
  writeBootAnswer,
} from './boot-answer.ts'
import type { IndexedBootView } from './boot-view.ts'

export type ProxyDhcpDecision =
  | {
      kind: 'reply'
      packet: DhcpPacket
      to: { address: Ipv4; port: number }
      bootFile: string
      seen: SeenBootClient
    }
  | { kind: 'ignore'; reason: DhcpIgnoreReason; detail?: string; seen?: SeenBootClient }

/**
 * Answers a DHCP packet as a ProxyDHCP server (Intel PXE 2.1 §2.2.3): boot file only, never an address.
 * A DISCOVER on port 67 gets an OFFER; a REQUEST or INFORM on port 4011 gets an ACK. All else is left to the LAN's own
 * DHCP server. @throws MalformedPacketError where an option that it needs is broken.
 */
export function decideProxyDhcp(
  packet: DhcpPacket,
  received: DhcpReceived,
  index: IndexedBootView,
  ports: DhcpPorts,
  nowMs: number,
): ProxyDhcpDecision {
  const reason = refuse(packet, received)
  if (reason) return { kind: 'ignore', reason }
  const client = readBootClient(packet.options)
  if (!client) return { kind: 'ignore', reason: 'not-a-boot-client' }
  const seen: SeenBootClient = { mac: decodeMac(packet.clientHardware), client }
  const choice = chooseBootFile(seen, received.serverAddress, index, ports, nowMs)
  if (choice.kind === 'ignore') return { ...choice, seen }
  const to = chooseDestination(packet, received, ports)
  if (!to) return { kind: 'ignore', reason: 'unreachable-relay', detail: packet.relayAddress, seen }
  return {
    kind: 'reply',
    packet: buildReply(packet, received, client, choice.bootFile),
    to,
    bootFile: choice.bootFile,
    seen,
  }
}

function refuse(packet: DhcpPacket, received: DhcpReceived): DhcpIgnoreReason | undefined {
  const reason = refusePacket(packet)
  if (reason) return reason
  const type = readOption(packet.options, dhcpOptions.messageType)
  if (received.service === 'dhcp') return type === messageTypes.discover ? undefined : 'not-for-a-proxy'
  if (type !== messageTypes.request && type !== messageTypes.inform) return 'not-for-a-proxy'
  const server = readOption(packet.options, dhcpOptions.serverIdentifier)
  return server === undefined || server === received.serverAddress ? undefined : 'for-another-server'
}

function buildReply(
  request: DhcpPacket,
  received: DhcpReceived,
  client: BootClient,
  bootFile: string,
): DhcpPacket {
  const { serverAddress } = received
  const options = new Map<number, Uint8Array>()
  const type = received.service === 'dhcp' ? messageTypes.offer : messageTypes.ack
  writeOption(options, dhcpOptions.messageType, type)
  writeOption(options, dhcpOptions.serverIdentifier, serverAddress)
  const header = writeBootAnswer(request, options, { client, serverAddress, bootFile })
  copyOption(request, options, dhcpOptions.relayInformation.code)
  return { ...request, ...header, op: bootReply, seconds: 0, yourAddress: anyAddress, options }
}
