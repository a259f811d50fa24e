import { type BootClient, readBootClient } from '../codec/dhcp/boot-client.ts'
import { dhcpOptions, readOption, writeOption } from '../codec/dhcp/options.ts'
import {
  bootReply,
  bootRequest,
  type DhcpPacket,
  ethernet,
  fitsBootFile,
  messageTypes,
} from '../codec/dhcp/packet.ts'
import { anyAddress, type Ipv4, isHostAddress, limitedBroadcast } from '../codec/ipv4.ts'
import { decodeMac, type Mac } from '../codec/mac.ts'
import { clientArchitectures, isRaspberryPi } from './architectures.ts'
import { decideBoot } from './boot-decision.ts'
import { renderBootFileUrl, renderScriptUrl } from './boot-urls.ts'
import type { IndexedBootView } from './boot-view.ts'
import { isProbe } from './dhcp-probe.ts'

/** Why a packet gets no answer. Each is a counter. */
export type DhcpIgnoreReason =
  | 'not-a-request'
  | 'not-ethernet'
  | 'probe'
  | 'no-message-type'
  | 'not-for-a-proxy'
  | 'for-another-server'
  | 'not-a-boot-client'
  | 'no-architecture'
  | 'unsupported-architecture'
  | 'raspberry-pi'
  | 'unknown-machine'
  | 'bundle-not-ready'
  | 'unreachable-relay'

/** Where a packet came in: on port 67, or on 4011, where PXE clients ask a boot server directly. */
export interface DhcpReceived {
  service: 'dhcp' | 'boot-server'
  from: { address: Ipv4; port: number }
  /** Our address on the interface that it came in by. */
  serverAddress: Ipv4
}

export interface ProxyDhcpPorts {
  dhcpServer: number
  dhcpClient: number
  bootHttp: number
}

/** What is known of the client, for events and logs, answered or not. */
interface SeenBootClient {
  mac: Mac
  client: BootClient
}

export type ProxyDhcpDecision =
  | {
      kind: 'reply'
      packet: DhcpPacket
      to: { address: Ipv4; port: number }
      bootFile: string
      seen: SeenBootClient
    }
  | { kind: 'ignore'; reason: DhcpIgnoreReason; detail?: string; seen?: SeenBootClient }

/** PXE_DISCOVERY_CONTROL = "download the boot file named here; no menu, no discovery" (Intel PXE 2.1, table 2-1). */
const bootFileOnly = Uint8Array.of(6, 1, 8, 255)

/**
 * Answers a DHCP packet as a ProxyDHCP server (Intel PXE 2.1 §2.2.3): boot file only, never an address.
 * A DISCOVER on port 67 gets an OFFER; a REQUEST or INFORM on port 4011 gets an ACK. All else is left to the LAN's own
 * DHCP server. @throws MalformedPacketError where an option that it needs is broken.
 */
export function decideProxyDhcp(
  packet: DhcpPacket,
  received: DhcpReceived,
  index: IndexedBootView,
  ports: ProxyDhcpPorts,
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
  if (packet.op !== bootRequest) return 'not-a-request'
  if (packet.hardwareType !== ethernet || packet.hardwareLength !== 6) return 'not-ethernet'
  const type = readOption(packet.options, dhcpOptions.messageType)
  if (type === undefined) return 'no-message-type'
  if (isProbe(packet)) return 'probe'
  if (received.service === 'dhcp') return type === messageTypes.discover ? undefined : 'not-for-a-proxy'
  if (type !== messageTypes.request && type !== messageTypes.inform) return 'not-for-a-proxy'
  const server = readOption(packet.options, dhcpOptions.serverIdentifier)
  return server === undefined || server === received.serverAddress ? undefined : 'for-another-server'
}

type BootFileChoice =
  | { kind: 'boot-file'; bootFile: string }
  | { kind: 'ignore'; reason: DhcpIgnoreReason; detail?: string }

function chooseBootFile(
  { mac, client }: SeenBootClient,
  serverAddress: Ipv4,
  index: IndexedBootView,
  ports: ProxyDhcpPorts,
  nowMs: number,
): BootFileChoice {
  if (client.architectures.length === 0) return { kind: 'ignore', reason: 'no-architecture' }
  if (isRaspberryPi(mac)) return { kind: 'ignore', reason: 'raspberry-pi' }
  const firstStage = client.architectures
    .map((code) => clientArchitectures.get(code)?.firstStage)
    .find((entry) => entry !== undefined)
  if (!firstStage) {
    return {
      kind: 'ignore',
      reason: 'unsupported-architecture',
      detail: client.architectures
        .map((code) => clientArchitectures.get(code)?.name ?? `number ${code}`)
        .join(', '),
    }
  }
  const caller = { mac, ...(client.machineUuid === undefined ? {} : { uuid: client.machineUuid }) }
  if (decideBoot(caller, index, nowMs).kind === 'ignore') return { kind: 'ignore', reason: 'unknown-machine' }
  const origin = { address: serverAddress, port: ports.bootHttp }
  // An iPXE that cannot speak HTTP is replaced by ours, like any other firmware.
  if (client.ipxe?.canHttp) return { kind: 'boot-file', bootFile: renderScriptUrl(origin, caller) }
  if (!index.view.bundleReady) return { kind: 'ignore', reason: 'bundle-not-ready' }
  if (firstStage.transport === 'tftp') return { kind: 'boot-file', bootFile: firstStage.fileName }
  return { kind: 'boot-file', bootFile: renderBootFileUrl(origin, firstStage.fileName) }
}

/**
 * RFC 2131 §4.1, with one deviation: where a client has no address yet we always broadcast, for unicast to an address
 * that it does not have needs raw frames, and a proxy does not know the address anyway.
 */
function chooseDestination(
  packet: DhcpPacket,
  received: DhcpReceived,
  ports: ProxyDhcpPorts,
): { address: Ipv4; port: number } | undefined {
  if (received.service === 'boot-server') return received.from
  if (packet.relayAddress !== anyAddress) {
    const reachable = isHostAddress(packet.relayAddress) || packet.relayAddress === received.from.address
    return reachable ? { address: packet.relayAddress, port: ports.dhcpServer } : undefined
  }
  if (isHostAddress(packet.clientAddress)) return { address: packet.clientAddress, port: ports.dhcpClient }
  return { address: limitedBroadcast, port: ports.dhcpClient }
}

/**
 * One answer for both families of PXE clients: option 43 with discovery control for those that read the OFFER (BIOS ROMs,
 * EDK2's "PXE10"), and the same again on 4011 for those that only believe a boot server (EDK2's "BINL", several vendors).
 * siaddr is what iPXE insists on; sname in text is what some ROMs read.
 */
function buildReply(
  request: DhcpPacket,
  received: DhcpReceived,
  client: BootClient,
  bootFile: string,
): DhcpPacket {
  const { serverAddress } = received
  const isHttp = client.protocol === 'HTTPClient'
  const options = new Map<number, Uint8Array>()
  const type = received.service === 'dhcp' ? messageTypes.offer : messageTypes.ack
  writeOption(options, dhcpOptions.messageType, type)
  writeOption(options, dhcpOptions.serverIdentifier, serverAddress)
  writeOption(options, dhcpOptions.vendorClass, client.protocol)
  if (!isHttp) writeOption(options, dhcpOptions.tftpServerName, serverAddress)
  // EDK2 writes a NUL behind option 67 in place: another option has to follow it.
  writeOption(options, dhcpOptions.bootFileName, bootFile)
  copyOption(request, options, dhcpOptions.machineUuid.code)
  if (!isHttp) writeOption(options, dhcpOptions.vendorInformation, bootFileOnly)
  copyOption(request, options, dhcpOptions.relayInformation.code)
  return {
    ...request,
    op: bootReply,
    seconds: 0,
    yourAddress: anyAddress,
    serverAddress,
    serverName: isHttp ? '' : serverAddress,
    bootFile: fitsBootFile(bootFile) ? bootFile : '',
    options,
  }
}

function copyOption(request: DhcpPacket, into: Map<number, Uint8Array>, code: number): void {
  const value = request.options.get(code)
  if (value !== undefined && value.length > 0) into.set(code, value)
}
