import type { BootClient } from '../codec/dhcp/boot-client.ts'
import type { DhcpOptionMap } from '../codec/dhcp/option-list.ts'
import { dhcpOptions, readOption, writeOption } from '../codec/dhcp/options.ts'
import { bootRequest, type DhcpPacket, ethernet, fitsBootFile } from '../codec/dhcp/packet.ts'
import { anyAddress, type Ipv4, isHostAddress, limitedBroadcast } from '../codec/ipv4.ts'
import type { Mac } from '../codec/mac.ts'
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
  | 'not-for-a-server'
  | 'for-another-server'
  | 'not-a-boot-client'
  | 'no-architecture'
  | 'unsupported-architecture'
  | 'raspberry-pi'
  | 'unknown-machine'
  | 'bundle-not-ready'
  | 'unreachable-relay'
  | 'unknown-subnet'
  | 'unknown-lease'
  | 'pool-exhausted'

/** Where a packet came in: on port 67, or on 4011, where PXE clients ask a boot server directly. */
export interface DhcpReceived {
  service: 'dhcp' | 'boot-server'
  from: { address: Ipv4; port: number }
  /** Our address on the interface that it came in by. */
  serverAddress: Ipv4
}

export interface DhcpPorts {
  dhcpServer: number
  dhcpClient: number
  bootHttp: number
}

/** What is known of the client, for events and logs, answered or not. */
export interface SeenBootClient {
  mac: Mac
  client: BootClient
}

/** Why this is no packet of an Ethernet client of DHCP. */
export function refusePacket(packet: DhcpPacket): DhcpIgnoreReason | undefined {
  if (packet.op !== bootRequest) return 'not-a-request'
  if (packet.hardwareType !== ethernet || packet.hardwareLength !== 6) return 'not-ethernet'
  if (readOption(packet.options, dhcpOptions.messageType) === undefined) return 'no-message-type'
  return isProbe(packet) ? 'probe' : undefined
}

export type BootFileChoice =
  | { kind: 'boot-file'; bootFile: string }
  | { kind: 'ignore'; reason: DhcpIgnoreReason; detail?: string }

export function chooseBootFile(
  { mac, client }: SeenBootClient,
  serverAddress: Ipv4,
  index: IndexedBootView,
  ports: DhcpPorts,
  nowMs: number,
): BootFileChoice {
  if (client.architectures.length === 0) return { kind: 'ignore', reason: 'no-architecture' }
  if (isRaspberryPi(mac)) return { kind: 'ignore', reason: 'raspberry-pi' }
  const isSecureBoot = index.secureBootAddresses.has(serverAddress)
  const firstStage = client.architectures
    .map((code) => clientArchitectures.get(code))
    .map((entry) => (isSecureBoot ? entry?.signedFirstStage : undefined) ?? entry?.firstStage)
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
 * that it does not have needs raw frames.
 */
export function chooseDestination(
  packet: DhcpPacket,
  received: DhcpReceived,
  ports: DhcpPorts,
): { address: Ipv4; port: number } | undefined {
  if (received.service === 'boot-server') return received.from
  if (packet.relayAddress !== anyAddress) {
    const reachable = isHostAddress(packet.relayAddress) || packet.relayAddress === received.from.address
    return reachable ? { address: packet.relayAddress, port: ports.dhcpServer } : undefined
  }
  if (isHostAddress(packet.clientAddress)) return { address: packet.clientAddress, port: ports.dhcpClient }
  return { address: limitedBroadcast, port: ports.dhcpClient }
}

/** PXE_DISCOVERY_CONTROL = "download the boot file named here; no menu, no discovery" (Intel PXE 2.1, table 2-1). */
const bootFileOnly = Uint8Array.of(6, 1, 8, 255)

/**
 * Writes what a boot client needs to know, and gives the header fields that belong to it.
 * One answer for both families of PXE clients: option 43 with discovery control for those that read the OFFER (BIOS ROMs,
 * EDK2's "PXE10"), and the same again on 4011 for those that only believe a boot server (EDK2's "BINL", several vendors).
 * siaddr is what iPXE insists on; sname in text is what some ROMs read.
 */
export function writeBootAnswer(
  request: DhcpPacket,
  options: DhcpOptionMap,
  answer: { client: BootClient; serverAddress: Ipv4; bootFile: string },
): Pick<DhcpPacket, 'serverAddress' | 'serverName' | 'bootFile'> {
  const { client, serverAddress, bootFile } = answer
  const isHttp = client.protocol === 'HTTPClient'
  writeOption(options, dhcpOptions.vendorClass, client.protocol)
  if (!isHttp) writeOption(options, dhcpOptions.tftpServerName, serverAddress)
  // EDK2 writes a NUL behind option 67 in place: another option has to follow it.
  writeOption(options, dhcpOptions.bootFileName, bootFile)
  copyOption(request, options, dhcpOptions.machineUuid.code)
  if (!isHttp) writeOption(options, dhcpOptions.vendorInformation, bootFileOnly)
  return {
    serverAddress,
    serverName: isHttp ? '' : serverAddress,
    bootFile: fitsBootFile(bootFile) ? bootFile : '',
  }
}

export function copyOption(request: DhcpPacket, into: DhcpOptionMap, code: number): void {
  const value = request.options.get(code)
  if (value !== undefined && value.length > 0) into.set(code, value)
}
