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
/** Transactions are counted up; so many are remembered, a power of two. */
const remembered = 65_536
/** This process is as slow at first as any: what it sends meanwhile is not counted. */
const warmUpMs = 500
/** As many as leave at once, at most: their bytes must stay until then. */
const packetCount = 1024
/** No server here comes near it. */
const mostPerSecond = 400_000

async function load(wanted: DhcpLoad): Promise<DhcpLoadResult> {
  const sockets = await createLoadSockets()
  const fd = sockets.open(wanted.relay, relayPort)
  const template = Buffer.from(wanted.discover, 'hex')
  template.set(wanted.relay.split('.').map(Number), 24)
  const packets = Array.from({ length: packetCount }, () => Buffer.from(template))
  /** When each was sent; NaN once it was answered. */
  const sentAtMs = new Float64Array(remembered).fill(Number.NaN)
  const latencies = new Float64Array(Math.ceil((wanted.forMs / 1000) * mostPerSecond))
  let transaction = 0
  /** The oldest that may be waited for. */
  let oldest = 1
  let outstanding = 0
  let offers = 0
  let countedFrom = Number.POSITIVE_INFINITY
  let startedMs = performance.now()

  function discover(): void {
    transaction += 1
    const packet = packets[transaction % packetCount]
    if (!packet) return
    packet.writeUInt32BE(transaction, 4)
    packet.writeUInt32BE(transaction % wanted.machines, 30)
    sentAtMs[transaction % remembered] = performance.now()
    outstanding += 1
    sockets.send(fd, packet, wanted.server)
  }

  function handle(bytes: Uint8Array): void {
    if (bytes.length < 240 || bytes[0] !== 2) return
    const [, , , , a = 0, b = 0, c = 0, d = 0] = bytes
    const answered = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d
    const atMs = sentAtMs[answered % remembered] ?? Number.NaN
    if (answered > transaction || transaction - answered >= remembered || Number.isNaN(atMs)) return
    sentAtMs[answered % remembered] = Number.NaN
    outstanding -= 1
    if (answered >= countedFrom) latencies[offers++] = performance.now() - atMs
  }

  function dropLost(): void {
    const before = performance.now() - lostMs
    for (; oldest <= transaction; oldest++) {
      const atMs = sentAtMs[oldest % remembered] ?? Number.NaN
      if (atMs >= before) break
      if (!Number.isNaN(atMs)) outstanding -= 1
      sentAtMs[oldest % remembered] = Number.NaN
    }
  }

  function run(forMs: number): number {
    const first = transaction
    startedMs = performance.now()
    const nowMs = () => performance.now() - startedMs
    for (let turn = 0; nowMs() < forMs; turn++) {
      if ('perSecond' in wanted.rate) {
        const due = Math.floor((nowMs() * wanted.rate.perSecond) / 1000)
        while (transaction - first < due) discover()
      } else {
        while (outstanding < wanted.rate.outstanding) discover()
      }
      sockets.turn(1, (_, bytes) => handle(bytes))
      if (turn % 64 === 0) dropLost()
    }
    return nowMs()
  }

  run(warmUpMs)
  countedFrom = transaction + 1
  const elapsedMs = run(wanted.forMs)
  const until = performance.now() + lostMs
  while (outstanding > 0 && performance.now() < until) sockets.turn(1, (_, bytes) => handle(bytes))
  const sorted = latencies.subarray(0, offers).sort()
  const at = (share: number) => sorted[Math.min(offers - 1, Math.floor(offers * share))] ?? 0
  return {
    sent: transaction + 1 - countedFrom,
    offers,
    elapsedMs,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    longestMs: at(1),
  }
}

process.once('message', (wanted: DhcpLoad) => {
  void load(wanted).then((result) => process.send?.(result, undefined, undefined, () => process.exit(0)))
})
