import { MalformedPacketError } from '../../codec/malformed-packet-error.ts'
import { decodeRmcpPacket, type RmcpPacket } from '../../codec/rmcp/rmcp.ts'
import type { OpenUdpSocket, UdpEndpoint, UdpSocket } from '../../ports/udp.ts'

/** Takes a packet from its BMC; false for one that is not for it. */
type PacketHandler = (packet: RmcpPacket) => boolean

/** One BMC's address: who listens to it, and the requests that wait for their turn. */
export interface BmcEndpoint extends UdpEndpoint {
  handlers: Set<PacketHandler>
  /** Ends when the last request that was queued has ended: one is in flight per BMC. */
  queue: Promise<unknown>
}

export interface TransportCounters {
  sent: number
  received: number
  /** Malformed, forged, repeated, or from nobody we talk to. */
  dropped: number
  socketErrors: number
}

export interface Transport {
  counters: TransportCounters
  send: (endpoint: UdpEndpoint, bytes: Uint8Array) => void
  /** Joins whoever talks to this BMC; the returned function leaves. */
  listen: (address: UdpEndpoint, handler: PacketHandler) => { endpoint: BmcEndpoint; stop: () => void }
  close: () => void
}

/** One UDP socket for all BMCs. */
export async function openTransport(openSocket: OpenUdpSocket): Promise<Transport> {
  const endpoints = new Map<string, BmcEndpoint>()
  const counters: TransportCounters = { sent: 0, received: 0, dropped: 0, socketErrors: 0 }
  const receive = (bytes: Uint8Array, from: UdpEndpoint): void => {
    counters.received += 1
    const endpoint = endpoints.get(keyOf(from))
    if (!endpoint || !dispatch(endpoint, bytes)) counters.dropped += 1
  }
  const socket: UdpSocket = await openSocket(
    { address: '0.0.0.0', port: 0 },
    {
      packet: receive,
      error: () => {
        counters.socketErrors += 1
      },
    },
  )
  return {
    counters,
    send: (endpoint, bytes) => {
      counters.sent += 1
      socket.send([bytes], endpoint)
    },
    listen: ({ address, port }, handler) => {
      const key = keyOf({ address, port })
      const endpoint = endpoints.get(key) ?? { address, port, handlers: new Set(), queue: Promise.resolve() }
      endpoints.set(key, endpoint)
      endpoint.handlers.add(handler)
      const stop = (): void => {
        endpoint.handlers.delete(handler)
        if (endpoint.handlers.size === 0 && endpoints.get(key) === endpoint) endpoints.delete(key)
      }
      return { endpoint, stop }
    },
    close: () => socket.close(),
  }
}

function keyOf({ address, port }: UdpEndpoint): string {
  return `${address}:${port}`
}

/** False for a packet that is malformed, or that nobody takes. */
function dispatch(endpoint: BmcEndpoint, bytes: Uint8Array): boolean {
  try {
    const packet = decodeRmcpPacket(bytes)
    for (const handler of endpoint.handlers) if (handler(packet)) return true
    return false
  } catch (error) {
    if (error instanceof MalformedPacketError) return false
    throw error
  }
}

/** Runs `work` when everything queued for this BMC before has ended. */
export function inTurn<Result>(endpoint: BmcEndpoint, work: () => Promise<Result>): Promise<Result> {
  const result = endpoint.queue.then(work, work)
  endpoint.queue = result.then(nothing, nothing)
  return result
}

function nothing(): void {}
