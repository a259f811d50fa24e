import { decodeMac } from '../mac.ts'
import { dhcpOptions, readOption, renderOption } from './options.ts'
import { type DhcpPacket, messageTypes } from './packet.ts'

/** A packet as lines of text, for logs at debug and for the golden files of the tests. */
export function renderDhcpPacket(packet: DhcpPacket): string {
  const type = readMessageTypeName(packet)
  const lines = [
    `${type} op=${packet.op} xid=${packet.transactionId.toString(16).padStart(8, '0')} secs=${packet.seconds} flags=${packet.flags.toString(16).padStart(4, '0')} hops=${packet.hops} mac=${decodeMac(packet.clientHardware)}`,
    `  ciaddr=${packet.clientAddress} yiaddr=${packet.yourAddress} siaddr=${packet.serverAddress} giaddr=${packet.relayAddress}`,
    `  sname=${JSON.stringify(packet.serverName)} file=${JSON.stringify(packet.bootFile)}`,
  ]
  for (const [code, value] of packet.options) lines.push(`  ${renderOption(code, value)}`)
  return lines.join('\n')
}

function readMessageTypeName(packet: DhcpPacket): string {
  const value = packet.options.has(dhcpOptions.messageType.code)
    ? readOption(packet.options, dhcpOptions.messageType)
    : undefined
  const entry = Object.entries(messageTypes).find(([, code]) => code === value)
  return entry ? entry[0].toUpperCase() : `type ${value ?? 'none'}`
}
