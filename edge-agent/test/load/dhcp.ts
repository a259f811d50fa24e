import type { UdpEndpoint } from '../../src/ports/udp.ts'
import { createLoadSockets } from './sockets.ts'

/**
 * What the parent wants of this process: DISCOVERs as a relay passes them on, so many a second, or the next as soon as an
 * answer has come.
 */
export interface DhcpLoad {
  server: UdpEndpoint
  /** The relay's address, and the one that packets come from. */
  relay: string
  /** A DISCOVER of real firmware, in hex: its xid, MAC and giaddr are set here. */
  discover: string
  machines: number
  rate: { perSecond: number } | { outstanding: number }
  forMs: number
}

export interface DhcpLoadResult {
  sent: number
  offers: number
  elapsedMs: number
  p50Ms: number
  p99Ms: number
  longestMs: number
}

const relayPort = 67
/** An answer that is later than this is lost. */
const lostMs = 500

async function load(wanted: DhcpLoad): Promise<DhcpLoadResult> {
  const sockets = await createLoadSockets()
  const fd = sockets.open(wanted.relay, relayPort)
  const template = Buffer.from(wanted.discover, 'hex')
  template.set(wanted.relay.split('.').map(Number), 24)
  const sentAtMs = new Map<number, number>()
  const latencies: number[] = []
  let sent = 0
  const startedMs = performance.now()
  const nowMs = () => performance.now() - startedMs

  function discover(): void {
    const packet = Buffer.from(template)
    const xid = (sent + 1) >>> 0
    packet.writeUInt32BE(xid, 4)
    packet.writeUInt32BE(sent % wanted.machines, 30)
    sent += 1
    sentAtMs.set(xid, nowMs())
    sockets.send(fd, packet, wanted.server)
  }

  function handle(bytes: Uint8Array): void {
    const packet = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    if (packet.length < 240 || packet[0] !== 2) return
    const xid = packet.readUInt32BE(4)
    const atMs = sentAtMs.get(xid)
    if (atMs === undefined) return
    sentAtMs.delete(xid)
    latencies.push(nowMs() - atMs)
  }

  while (nowMs() < wanted.forMs) {
    if ('perSecond' in wanted.rate) {
      const due = Math.floor((nowMs() * wanted.rate.perSecond) / 1000)
      while (sent < due) discover()
    } else {
      while (sentAtMs.size < wanted.rate.outstanding) discover()
    }
    sockets.turn(1, (_, bytes) => handle(bytes))
    if (sent % 64 === 0) dropLost(sentAtMs, nowMs())
  }
  const elapsedMs = nowMs()
  const until = performance.now() + lostMs
  while (sentAtMs.size > 0 && performance.now() < until) sockets.turn(1, (_, bytes) => handle(bytes))
  latencies.sort((one, other) => one - other)
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0
  return {
    sent,
    offers: latencies.length,
    elapsedMs,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    longestMs: at(1),
  }
}

function dropLost(sentAtMs: Map<number, number>, nowMs: number): void {
  for (const [xid, atMs] of sentAtMs) {
    if (nowMs - atMs < lostMs) break
    sentAtMs.delete(xid)
  }
}

process.once('message', (wanted: DhcpLoad) => {
  void load(wanted).then((result) => process.send?.(result, undefined, undefined, () => process.exit(0)))
})
