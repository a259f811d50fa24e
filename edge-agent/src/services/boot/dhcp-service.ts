import { type DhcpPacket, decodeDhcpPacket, encodeDhcpPacket } from '../../codec/dhcp/packet.ts'
import { MalformedPacketError } from '../../codec/malformed-packet-error.ts'
import type { UdpEndpoint, UdpSocket } from '../../ports/udp.ts'
import type { DhcpReceived, SeenBootClient } from '../../protocol/boot-answer.ts'
import type { BootEvent } from '../../protocol/boot-messages.ts'
import type { BootInterface, LeasingInterface } from '../../protocol/boot-view.ts'
import type { FullDhcpDecision } from '../../protocol/full-dhcp.ts'
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
  if (answerAsKnown(bytes, arrival, context)) return
  try {
    const packet = decodeDhcpPacket(bytes)
    for (const entry of arrival.interfaces) {
      const received = { service, from, serverAddress: entry.address }
      if (service === 'dhcp' && entry.mode === 'full') {
        void lease(packet, received, entry, arrival, context)
        continue
      }
      const decision = decideProxyDhcp(packet, received, context.index(), context.ports, context.now())
      count(context, service, decision.kind === 'reply' ? 'answered' : decision.reason)
      if (decision.kind === 'reply') {
        const answer = encodeDhcpPacket(decision.packet)
        arrival.socketFor(entry)?.send([answer], decision.to)
        if (service === 'dhcp' && arrival.interfaces.length === 1) {
          const heard = { bytes, from: from.address, serverAddress: entry.address, index: context.index() }
          context.offers.known.learn(heard, packet, decision, answer)
        }
      }
      reportDecision(decision, service, entry, context)
    }
  } catch (error) {
    countMalformed(error, service, from, context)
  }
}

/** Most of a storm of DISCOVERs differs in little from what was just answered. */
function answerAsKnown(bytes: Uint8Array, arrival: DhcpArrival, context: BootContext): boolean {
  const [entry, other] = arrival.interfaces
  if (arrival.service !== 'dhcp' || entry?.mode !== 'proxy' || other) return false
  const heard = {
    bytes,
    from: arrival.from.address,
    serverAddress: entry.address,
    index: context.index(),
  }
  const offer = context.offers.known.find(heard)
  if (!offer) return false
  context.offers.countAnswered()
  arrival.socketFor(entry)?.send([offer.bytes], offer.to)
  const { bootFile } = offer
  context.report(() =>
    describeEvent({ kind: 'reply', bootFile, seen: offer.readSeen() }, 'dhcp', entry, context),
  )
  return true
}

async function lease(
  packet: DhcpPacket,
  received: DhcpReceived,
  entry: LeasingInterface,
  arrival: DhcpArrival,
  context: BootContext,
): Promise<void> {
  const socket = arrival.socketFor(entry)
  if (!socket) return
  try {
    await context.leasing().answer({ packet, received, entry, socket }, (decision) => {
      count(context, 'dhcp', nameOutcome(decision))
      // A machine that asks for an address while it starts says so by its DISCOVER.
      const isDiscover = decision.kind === 'reply' && decision.type === 'offer'
      if (decision.kind === 'reply' ? isDiscover : decision.kind === 'ignore')
        reportDecision(describe(decision), 'dhcp', entry, context)
    })
  } catch (error) {
    countMalformed(error, 'dhcp', received.from, context)
  }
}

function nameOutcome(decision: FullDhcpDecision): string {
  if (decision.kind === 'reply') return decision.type
  if (decision.kind === 'taken') return decision.what
  return decision.kind === 'ignore' ? decision.reason : decision.kind
}

function describe(decision: FullDhcpDecision): ReportedDecision {
  const seen = 'seen' in decision && decision.seen ? { seen: decision.seen } : {}
  if (decision.kind === 'reply' && decision.bootFile !== undefined)
    return { kind: 'reply', bootFile: decision.bootFile, ...seen }
  const reason = decision.kind === 'ignore' ? decision.reason : 'unknown-machine'
  return { kind: 'ignore', reason, ...seen }
}

function countMalformed(
  error: unknown,
  service: 'dhcp' | 'boot-server',
  from: UdpEndpoint,
  context: BootContext,
): void {
  if (!(error instanceof MalformedPacketError)) throw error
  count(context, service, 'malformed')
  context.debug(`from ${from.address}:${from.port}: ${error.message}`)
}

function count(context: BootContext, service: string, outcome: string): void {
  context.counters.increment('dhcp_packets', { service, outcome })
}

type ReportedDecision =
  | { kind: 'reply'; bootFile: string; seen?: SeenBootClient }
  | Extract<ProxyDhcpDecision, { kind: 'ignore' }>

function reportDecision(
  decision: ReportedDecision,
  service: 'dhcp' | 'boot-server',
  entry: BootInterface,
  context: BootContext,
): void {
  const { seen } = decision
  if (seen) context.report(() => describeEvent({ ...decision, seen }, service, entry, context))
}

function describeEvent(
  decision: ReportedDecision & { seen: SeenBootClient },
  service: 'dhcp' | 'boot-server',
  entry: BootInterface,
  context: BootContext,
): BootEvent {
  const { mac, client } = decision.seen
  return {
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
  }
}
