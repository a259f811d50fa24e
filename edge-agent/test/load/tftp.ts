import { readFileSync } from 'node:fs'
import { encodeTftpPacket, tftpErrorCodes } from '../../src/codec/tftp/packet.ts'
import type { UdpEndpoint } from '../../src/ports/udp.ts'
import { seededRandom } from '../random.ts'
import { createLoadSockets, type LoadSockets } from './sockets.ts'

/** What the parent wants of this process: TFTP clients that boot, again and again for a while, or a number of times. */
export interface TftpLoad {
  server: UdpEndpoint
  /** Asked by this name; all bytes are compared with the file of the path. */
  name: string
  path: string
  clients: number
  windowSize: number
  /** Ends when all clients have booted once; without it, each boots again until `forMs` are over. */
  once: boolean
  forMs: number
  lossRate: number
  seed: number
}

export interface TftpLoadResult {
  boots: number
  failures: string[]
  receivedBytes: number
  elapsedMs: number
  firstByteMs: number[]
  bootMs: number[]
  /** The longest that a boot waited for a new block. */
  longestWaitMs: number
  /** Most repeats in a row of a client's own packet. */
  mostRepeats: number
}

interface Client {
  fd: number
  address: string
  /** The server's port of this transfer, and that of the one before. */
  port: number
  earlierPort: number
  received: number
  inWindow: number
  startedMs: number
  progressMs: number
  sentMs: number
  repeats: number
  last: Uint8Array
  done: boolean
}

const blockSizeBytes = 1468
/** As patient as firmware is. */
const repeatMs = 1000

async function load(wanted: TftpLoad): Promise<TftpLoadResult> {
  const file = readFileSync(wanted.path)
  const sockets = await createLoadSockets()
  const random = seededRandom(wanted.seed)
  const lost = () => wanted.lossRate > 0 && random() < wanted.lossRate
  const result: TftpLoadResult = {
    boots: 0,
    failures: [],
    receivedBytes: 0,
    elapsedMs: 0,
    firstByteMs: [],
    bootMs: [],
    longestWaitMs: 0,
    mostRepeats: 0,
  }
  const send = (client: Client, bytes: Uint8Array, nowMs: number) => {
    client.last = bytes
    client.sentMs = nowMs
    if (!lost()) sockets.send(client.fd, bytes, { ...wanted.server, port: client.port })
  }
  const request = encodeTftpPacket({
    kind: 'read-request',
    fileName: wanted.name,
    mode: 'octet',
    options: new Map([
      ['tsize', '0'],
      ['blksize', String(blockSizeBytes)],
      ...(wanted.windowSize > 1 ? [['windowsize', String(wanted.windowSize)] as const] : []),
    ]),
  })
  const begin = (client: Client, nowMs: number) => {
    Object.assign(client, { earlierPort: client.port, port: wanted.server.port, received: -1, inWindow: 0 })
    Object.assign(client, { startedMs: nowMs, progressMs: nowMs, done: false, repeats: 0 })
    send(client, request, nowMs)
  }
  const acknowledge = (client: Client, nowMs: number) =>
    send(client, Uint8Array.of(0, 4, (client.received >> 8) & 255, client.received & 255), nowMs)

  function progress(client: Client, nowMs: number): void {
    result.longestWaitMs = Math.max(result.longestWaitMs, nowMs - client.progressMs)
    client.progressMs = nowMs
    client.repeats = 0
  }

  function handleData(client: Client, bytes: Uint8Array, nowMs: number): void {
    const block = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0)
    // A server without options begins with block 1.
    if (client.received < 0) client.received = 0
    if (block !== ((client.received + 1) & 0xffff)) {
      // As EDK2 does with whatever it does not expect.
      acknowledge(client, nowMs)
      client.inWindow = 0
      return
    }
    const offset = client.received * blockSizeBytes
    if (file.compare(bytes, 4, bytes.length, offset, offset + bytes.length - 4) !== 0) {
      result.failures.push(`block ${client.received + 1} is not what the file has`)
    }
    if (client.received === 0) result.firstByteMs.push(nowMs - client.startedMs)
    progress(client, nowMs)
    client.received += 1
    client.inWindow += 1
    result.receivedBytes += bytes.length - 4
    const isLast = bytes.length - 4 < blockSizeBytes
    if (!isLast && client.inWindow < wanted.windowSize) return
    client.inWindow = 0
    acknowledge(client, nowMs)
    if (!isLast) return
    client.done = true
    result.boots += 1
    result.bootMs.push(nowMs - client.startedMs)
  }

  function handle(client: Client, bytes: Uint8Array, from: UdpEndpoint): void {
    if (lost() || from.port === client.earlierPort) return
    const nowMs = performance.now()
    if (client.done) {
      if (bytes[1] === 3) acknowledge(client, nowMs)
      return
    }
    client.port = from.port
    if (bytes[1] === 3) handleData(client, bytes, nowMs)
    else if (bytes[1] === 6 && client.received <= 0) {
      client.received = 0
      progress(client, nowMs)
      acknowledge(client, nowMs)
    } else if (bytes[1] === 5 && bytes[3] !== tftpErrorCodes.unknownTransfer) {
      result.failures.push(`ERROR ${Buffer.from(bytes.subarray(4)).toString('latin1')}`)
      client.done = true
    }
  }

  const clients = openClients(sockets, wanted)
  const byFd = new Map(clients.map((client) => [client.fd, client]))
  const startedMs = performance.now()
  for (const client of clients) begin(client, startedMs)
  let nextSweepMs = startedMs
  for (;;) {
    sockets.turn(10, (fd, bytes, from) => {
      const client = byFd.get(fd)
      if (client) handle(client, bytes, from)
    })
    const nowMs = performance.now()
    result.elapsedMs = nowMs - startedMs
    if (result.elapsedMs > wanted.forMs) break
    if (wanted.once && clients.every(({ done }) => done)) break
    if (!wanted.once) for (const client of clients) if (client.done) begin(client, nowMs)
    if (nowMs < nextSweepMs) continue
    nextSweepMs = nowMs + 50
    for (const client of clients) {
      if (client.done || nowMs - client.sentMs < repeatMs) continue
      client.repeats += 1
      result.mostRepeats = Math.max(result.mostRepeats, client.repeats)
      send(client, client.last, nowMs)
    }
  }
  return result
}

/** Each has an address of its own, as a server that bounds what one client gets must see it. */
function openClients(sockets: LoadSockets, wanted: TftpLoad): Client[] {
  return Array.from({ length: wanted.clients }, (_, index) => {
    const address = `127.1.${index >> 7}.${(index & 127) + 1}`
    return {
      fd: sockets.open(address, 0),
      address,
      port: wanted.server.port,
      earlierPort: 0,
      received: -1,
      inWindow: 0,
      startedMs: 0,
      progressMs: 0,
      sentMs: 0,
      repeats: 0,
      last: new Uint8Array(),
      done: false,
    }
  })
}

process.once('message', (wanted: TftpLoad) => {
  void load(wanted).then((result) => process.send?.(result, undefined, undefined, () => process.exit(0)))
})
