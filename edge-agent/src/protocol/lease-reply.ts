import { ipv4FromNumber } from '@dragonfly/schema/state'
import { type DhcpSettings, shortestLeaseSeconds } from '@dragonfly/schema/wire'
import type { BootClient } from '../codec/dhcp/boot-client.ts'
import type { DhcpOptionMap } from '../codec/dhcp/option-list.ts'
import { dhcpOptions, readOption, writeOption } from '../codec/dhcp/options.ts'
import { bootReply, type DhcpPacket, messageTypes } from '../codec/dhcp/packet.ts'
import { anyAddress, type Ipv4 } from '../codec/ipv4.ts'
import type { ServedSubnet } from './address-choice.ts'
import { copyOption, writeBootAnswer } from './boot-answer.ts'

export interface LeaseAnswer {
  request: DhcpPacket
  type: 'offer' | 'ack' | 'nak'
  /** By which the client is to know us (option 54). */
  serverId: Ipv4
  settings: DhcpSettings
  served: ServedSubnet
  /** Undefined in a NAK, and in the answer to an INFORM. */
  address: Ipv4 | undefined
  leaseSeconds: number | undefined
  hostname: string | undefined
  boot: { client: BootClient; serverAddress: Ipv4; bootFile: string } | undefined
}

const broadcastFlag = 0x8000
/** iPXE's "no-pxedhcp": this answer is all there is, so do not wait two seconds for a proxy. */
const noProxy = Uint8Array.of(0xb0, 1, 1)

/** The packet of an OFFER, ACK or NAK (RFC 2131 table 3), with what a boot client needs in the same answer. */
export function renderLeaseReply(answer: LeaseAnswer): DhcpPacket {
  const { request, type, serverId } = answer
  const options: DhcpOptionMap = new Map()
  writeOption(options, dhcpOptions.messageType, messageTypes[type])
  writeOption(options, dhcpOptions.serverIdentifier, serverId)
  if (type === 'nak')
    writeOption(options, dhcpOptions.message, 'This address is not yours here: ask for one anew.')
  else writeSettings(answer, options)
  // RFC 6842: the client identifier comes back as it was sent.
  copyOption(request, options, dhcpOptions.clientIdentifier.code)
  const header = answer.boot
    ? writeBootAnswer(request, options, answer.boot)
    : { serverAddress: anyAddress, serverName: '', bootFile: '' }
  if (answer.boot?.client.ipxe) writeOption(options, dhcpOptions.ipxe, noProxy)
  copyOption(request, options, dhcpOptions.relayInformation.code)
  const isRelayedRefusal = type === 'nak' && request.relayAddress !== anyAddress
  return {
    ...request,
    ...header,
    op: bootReply,
    hops: 0,
    seconds: 0,
    flags: isRelayedRefusal ? request.flags | broadcastFlag : request.flags,
    clientAddress: type === 'ack' ? request.clientAddress : anyAddress,
    yourAddress: answer.address ?? anyAddress,
    options,
  }
}

function writeSettings(
  { request, settings, served, leaseSeconds, hostname }: LeaseAnswer,
  options: DhcpOptionMap,
): void {
  if (leaseSeconds !== undefined) writeTimes(leaseSeconds, options)
  writeOption(options, dhcpOptions.subnetMask, served.subnet.netmask)
  writeOption(options, dhcpOptions.broadcastAddress, ipv4FromNumber(served.subnet.broadcast))
  if (served.gateway !== null) writeOption(options, dhcpOptions.router, [served.gateway])
  if (settings.dnsServers.length > 0) writeOption(options, dhcpOptions.domainNameServer, settings.dnsServers)
  if (settings.domain !== null) writeOption(options, dhcpOptions.domainName, settings.domain)
  if (settings.ntpServers.length > 0) writeOption(options, dhcpOptions.ntpServers, settings.ntpServers)
  const asked = readOption(request.options, dhcpOptions.parameterRequestList) ?? []
  if (hostname !== undefined && asked.includes(dhcpOptions.hostName.code))
    writeOption(options, dhcpOptions.hostName, hostname)
}

/** T1 and T2 at one half and seven eighths (RFC 2131 §4.4.5). */
function writeTimes(leaseSeconds: number, options: DhcpOptionMap): void {
  const seconds = Math.max(shortestLeaseSeconds, leaseSeconds)
  writeOption(options, dhcpOptions.leaseTime, seconds)
  writeOption(options, dhcpOptions.renewalTime, Math.floor(seconds / 2))
  writeOption(options, dhcpOptions.rebindingTime, Math.floor((seconds * 7) / 8))
}
