import { MalformedPacketError } from '../../codec/malformed-packet-error.ts'
import type { negotiateTransfer } from '../../codec/tftp/options.ts'
import {
  createDataHeaders,
  dataHeaderBytes,
  decodeTftpPacket,
  encodeTftpPacket,
  readTftpAck,
} from '../../codec/tftp/packet.ts'
import type { DatagramRun, UdpEndpoint, UdpSocket } from '../../ports/udp.ts'
import {
  createTftpTransfer,
  type TftpAction,
  type TftpEvent,
  type TftpOutcome,
  type TftpTransferState,
  transitionTftpTransfer,
} from '../../protocol/tftp-transfer.ts'
import type { BootContext } from './context.ts'

interface NewTransfer {
  bytes: Uint8Array
  negotiated: ReturnType<typeof negotiateTransfer>
  peer: UdpEndpoint
  /** The request as it came. */
  asked: Uint8Array
  /** Called once. */
  onEnd: (outcome: TftpOutcome) => void
}

/** The transfers of one of our addresses. */
export interface TftpTransfers {
  /** Ends what the same client and port did before: it has begun anew. */
  start: (transfer: NewTransfer) => void
  /** Sends the first packet again where this very request was answered and nothing has come of it. Gives whether it was. */
  repeat: (asked: Uint8Array, peer: UdpEndpoint) => boolean
  close: () => void
  /** Closes when the last one has ended. */
  drain: () => void
}

interface Running extends NewTransfer {
  state: TftpTransferState
  socket: UdpSocket
}

/**
 * RFC 1350 §4 wants a port of its own for each transfer, so that packets of an earlier one are told apart. Two ports do the
 * same: a client is its address and port, and one that begins anew is answered from the other. The fewer there are, the more
 * packets come and go in one call.
 */
const portCount = 2
/** Clients whose last port is known: more than a site starts at once. */
const mostRemembered = 8192
/** Half of the shortest timeout would do; finer, a repeat is hardly late. */
const sweepMs = 5

export async function openTftpTransfers(
  local: { address: string; device?: string },
  context: BootContext,
  onError: (error: Error) => void,
): Promise<TftpTransfers> {
  const running = new Map<string, Running>()
  const sockets: UdpSocket[] = []
  /** Where a client was answered from last: what is late from there must not be taken for the next transfer's. */
  const lastSockets = new Map<string, UdpSocket>()
  let turn = 0
  let isDraining = false
  let sweeping: NodeJS.Timeout | undefined

  const open = async (): Promise<void> => {
    const socket: UdpSocket = await context.openUdpSocket(
      { ...local, port: 0 },
      { error: onError, packet: (bytes, from) => handle(bytes, from, socket) },
    )
    sockets.push(socket)
  }

  function handle(bytes: Uint8Array, from: UdpEndpoint, socket: UdpSocket): void {
    const transfer = running.get(keyOf(from))
    // No ERROR "unknown transfer": a ROM that has begun anew would take it for the answer to its new request.
    if (transfer?.socket !== socket) {
      count(context, 'unknown-transfer')
      return
    }
    const atMs = context.now()
    const block = readTftpAck(bytes)
    const event =
      block === undefined ? readEvent(bytes, atMs, context) : { kind: 'acknowledged' as const, block, atMs }
    if (event) step(transfer, event)
  }

  function step(transfer: Running, event: TftpEvent): void {
    const { state, action } = transitionTftpTransfer(transfer.state, event)
    transfer.state = state
    if (!action) return
    if (action.kind === 'end') end(transfer, action.outcome)
    else transmit(transfer, action)
  }

  function end(transfer: Running, outcome: TftpOutcome): void {
    running.delete(keyOf(transfer.peer))
    if (running.size === 0) stopSweeping()
    if (running.size === 0 && isDraining) closeSockets()
    transfer.onEnd(outcome)
  }

  function sweep(): void {
    const atMs = context.now()
    for (const transfer of running.values()) {
      if (transfer.state.deadlineMs > atMs) continue
      const inARow = transfer.state.silentTimeouts === 0 ? '1' : 'more'
      context.counters.increment('tftp_timeouts', { in_a_row: inARow })
      step(transfer, { kind: 'timer', atMs })
    }
  }

  function stopSweeping(): void {
    clearInterval(sweeping)
    sweeping = undefined
  }

  function chooseSocket(key: string): UdpSocket | undefined {
    const last = lastSockets.get(key)
    const socket = last === undefined ? sockets[turn++ % portCount] : sockets.find((one) => one !== last)
    if (!socket) return undefined
    lastSockets.delete(key)
    lastSockets.set(key, socket)
    const [oldest] = lastSockets.keys()
    if (lastSockets.size > mostRemembered && oldest !== undefined) lastSockets.delete(oldest)
    return socket
  }

  const closeSockets = (): void => {
    for (const socket of sockets.splice(0)) socket.close()
  }
  const close = (): void => {
    for (const transfer of running.values())
      end(transfer, { kind: 'aborted', message: 'The interface was closed' })
    closeSockets()
  }
  try {
    while (sockets.length < portCount) await open()
  } catch (error) {
    close()
    throw error
  }
  return {
    close,
    drain: () => {
      isDraining = true
      if (running.size === 0) closeSockets()
    },
    repeat: (asked, peer) => {
      const transfer = running.get(keyOf(peer))
      if (!transfer || transfer.state.acknowledged > 0 || Buffer.compare(asked, transfer.asked) !== 0)
        return false
      if (transfer.state.silentTimeouts === 0) step(transfer, { kind: 'timer', atMs: context.now() })
      return true
    },
    start: (transfer) => {
      const key = keyOf(transfer.peer)
      const earlier = running.get(key)
      if (earlier) step(earlier, { kind: 'begun-anew', atMs: context.now() })
      const socket = chooseSocket(key)
      if (!socket) return
      const state = createTftpTransfer(transfer.bytes.length, transfer.negotiated)
      const started: Running = { ...transfer, socket, state }
      running.set(key, started)
      sweeping ??= setInterval(sweep, sweepMs)
      step(started, { kind: 'started', atMs: context.now() })
    },
  }
}

function keyOf({ address, port }: UdpEndpoint): string {
  return `${address}:${port}`
}

function readEvent(bytes: Uint8Array, atMs: number, context: BootContext): TftpEvent | undefined {
  try {
    const packet = decodeTftpPacket(bytes)
    if (packet.kind === 'error') return { kind: 'refused', message: packet.message, atMs }
    count(context, 'unexpected')
  } catch (error) {
    if (!(error instanceof MalformedPacketError)) throw error
    count(context, 'malformed')
  }
  return undefined
}

function count(context: BootContext, outcome: string): void {
  context.counters.increment('tftp_packets', { outcome })
}

const dataHeaders = createDataHeaders()

function transmit(
  { bytes, state, socket, peer }: Running,
  action: Exclude<TftpAction, { kind: 'end' }>,
): void {
  if (action.kind === 'send-options') {
    const packet = encodeTftpPacket({ kind: 'option-ack', options: action.options })
    for (let copy = 0; copy < action.copies; copy++) socket.send([packet], peer)
    return
  }
  const run = locateBlocks(bytes, state, action)
  for (let copy = 0; copy < action.copies; copy++) socket.sendRun(run, peer)
}

/** Headers and bytes as they lie in memory: nothing is copied until the kernel does. */
function locateBlocks(
  bytes: Uint8Array,
  { parameters: { blockSizeBytes } }: TftpTransferState,
  { first, count }: { first: number; count: number },
): DatagramRun {
  const header = (first & 0xffff) * dataHeaderBytes
  const offset = (first - 1) * blockSizeBytes
  return {
    headers: dataHeaders.subarray(header, header + count * dataHeaderBytes),
    headerBytes: dataHeaderBytes,
    body: bytes.subarray(offset, offset + count * blockSizeBytes),
    pieceBytes: blockSizeBytes,
    count,
  }
}
