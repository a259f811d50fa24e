import type { DhcpServer } from '@dragonfly/schema/state'
import { fromLatin1 } from '../codec/byte-writer.ts'
import { dhcpOptions, readOption, writeOption } from '../codec/dhcp/options.ts'
import { bootReply, bootRequest, type DhcpPacket, ethernet, messageTypes } from '../codec/dhcp/packet.ts'
import { anyAddress, type Ipv4 } from '../codec/ipv4.ts'
import { encodeMac, type Mac } from '../codec/mac.ts'

/**
 * Type 0 (RFC 2132 §9.14: not a hardware address), and a name. Its own client id keeps a server from taking the probe for
 * the host's own DHCP client, and tells edges that no machine asks here.
 */
const probeClientId = Uint8Array.of(0, ...fromLatin1('dragonfly-probe'))
const broadcastFlag = 0x8000
const wantedOptions = [1, 3, 6, 43, 51, 54, 60, 66, 67]

/** Servers may answer a PXE client only, or leave it to a proxy: both are asked. */
export interface ProbeTransactions {
  plain: number
  pxe: number
}

/** Two DISCOVERs that ask who is there; nothing is ever requested, so no address is taken. */
export function buildProbes(mac: Mac, transactions: ProbeTransactions): DhcpPacket[] {
  const plain = buildDiscover(mac, transactions.plain)
  const pxe = buildDiscover(mac, transactions.pxe)
  writeOption(pxe.options, dhcpOptions.vendorClass, 'PXEClient:Arch:00007:UNDI:003001')
  writeOption(pxe.options, dhcpOptions.clientArchitecture, [7])
  writeOption(pxe.options, dhcpOptions.clientInterface, Uint8Array.of(1, 3, 1))
  return [plain, pxe]
}

function buildDiscover(mac: Mac, transactionId: number): DhcpPacket {
  const options = new Map<number, Uint8Array>()
  writeOption(options, dhcpOptions.messageType, messageTypes.discover)
  writeOption(options, dhcpOptions.clientIdentifier, probeClientId)
  writeOption(options, dhcpOptions.parameterRequestList, wantedOptions)
  writeOption(options, dhcpOptions.maximumMessageSize, 1472)
  const clientHardware = new Uint8Array(16)
  clientHardware.set(encodeMac(mac))
  return {
    op: bootRequest,
    hardwareType: ethernet,
    hardwareLength: 6,
    hops: 0,
    transactionId,
    seconds: 0,
    flags: broadcastFlag,
    clientAddress: anyAddress,
    yourAddress: anyAddress,
    serverAddress: anyAddress,
    relayAddress: anyAddress,
    clientHardware,
    serverName: '',
    bootFile: '',
    options,
  }
}

/** Whether an edge asks here, this one or another, and not a machine. */
export function isProbe(packet: DhcpPacket): boolean {
  const id = packet.options.get(dhcpOptions.clientIdentifier.code)
  return id?.length === probeClientId.length && probeClientId.every((byte, index) => id[index] === byte)
}

/**
 * Who made this offer; undefined for what is no offer, or is our own (`ownAddresses`, all of this host's). A boot file that
 * is to be fetched from this host was meant for it, and is none of the server's own.
 * @throws MalformedPacketError where an option that it needs is broken.
 */
export function readOffer(
  packet: DhcpPacket,
  from: Ipv4,
  ownAddresses: readonly Ipv4[],
): DhcpServer | undefined {
  if (packet.op !== bootReply) return undefined
  if (readOption(packet.options, dhcpOptions.messageType) !== messageTypes.offer) return undefined
  const address = readOption(packet.options, dhcpOptions.serverIdentifier) ?? from
  if (ownAddresses.includes(address) || ownAddresses.includes(from)) return undefined
  const file = readOption(packet.options, dhcpOptions.bootFileName) || packet.bootFile
  const next = readOption(packet.options, dhcpOptions.tftpServerName) || packet.serverAddress
  const isForUs = ownAddresses.some((own) => next === own || file.includes(`//${own}`))
  return {
    address,
    isProxy: packet.yourAddress === anyAddress,
    bootFile: file === '' || isForUs ? null : printable(file).slice(0, 255),
  }
}

/** It is shown to people, and kept. */
function printable(text: string): string {
  return text.replaceAll(/[^ -~]/g, '')
}

const mostServers = 16

/** Adds what one offer told to what is known: a server that hands out addresses is no proxy, whatever else it sends. */
export function addServer(known: readonly DhcpServer[], heard: DhcpServer): DhcpServer[] {
  const before = known.find(({ address }) => address === heard.address)
  const others = known.filter((server) => server !== before)
  const merged: DhcpServer = {
    address: heard.address,
    isProxy: heard.isProxy && (before?.isProxy ?? true),
    bootFile: heard.bootFile ?? before?.bootFile ?? null,
  }
  return [...others, merged].sort((a, b) => (a.address < b.address ? -1 : 1)).slice(0, mostServers)
}
