import { decodeDhcpPacket, encodeDhcpPacket } from '../../codec/dhcp/packet.ts'
import { MalformedPacketError } from '../../codec/malformed-packet-error.ts'
import type { UdpEndpoint, UdpSocket } from '../../ports/udp.ts'
import type { BootInterface } from '../../protocol/boot-view.ts'
import { decideProxyDhcp, type ProxyDhcpDecision } from '../../protocol/proxy-dhcp.ts'
import type { BootContext } from './context.ts'

export interface DhcpArrival {
  service: 'dhcp' | 'boot-server'
  from: UdpEndpoint
  /** The interface that it came in by; on a socket that hears all, each that it may have come in by. */
  interfaces: readonly BootInterface[]
  /** The socket that answers for an interface; undefined while that one is not open. */
  socketFor: (entry: BootInterface) => UdpSocket | undefined
}

/**
 * Decides and answers one packet. Where the interface is not known the answer goes out on each candidate with that
 * interface's own address: only the LAN with a client of this transaction takes it.
 */
export function handleDhcpPacket(bytes: Uint8Array, arrival: DhcpArrival, context: BootContext): void {
  const { service, from } = arrival
  try {
    const packet = decodeDhcpPacket(bytes)
    for (const entry of arrival.interfaces) {
      const received = { service, from, serverAddress: entry.address }
      const decision = decideProxyDhcp(packet, received, context.index(), context.ports, context.now())
      count(context, service, decision.kind === 'reply' ? 'answered' : decision.reason)
      if (decision.kind === 'reply') {
        arrival.socketFor(entry)?.send([encodeDhcpPacket(decision.packet)], decision.to)
      }
      reportDecision(decision, service, entry, context)
    }
  } catch (error) {
    if (!(error instanceof MalformedPacketError)) throw error
    count(context, service, 'malformed')
    context.debug(`from ${from.address}:${from.port}: ${error.message}`)
  }
}

function count(context: BootContext, service: string, outcome: string): void {
  context.counters.increment('dhcp_packets', { service, outcome })
}

function reportDecision(
  decision: ProxyDhcpDecision,
  service: 'dhcp' | 'boot-server',
  entry: BootInterface,
  context: BootContext,
): void {
  if (!decision.seen) return
  const { mac, client } = decision.seen
  context.report({
    kind: 'dhcp',
    atMs: context.now(),
    service,
    mac,
    architectures: client.architectures.slice(0, 8),
    vendorClass: client.vendorClass.slice(0, 64),
    isIpxe: client.ipxe !== undefined,
    ...(client.machineUuid === undefined ? {} : { uuid: client.machineUuid }),
    interface: entry.name,
    answer:
      decision.kind === 'reply'
        ? { kind: 'answered', bootFile: decision.bootFile }
        : {
            kind: 'ignored',
            reason: decision.reason,
            ...(decision.detail === undefined ? {} : { detail: decision.detail }),
          },
  })
}
