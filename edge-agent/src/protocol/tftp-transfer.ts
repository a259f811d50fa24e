import type { TransferParameters } from '../codec/tftp/options.ts'
import type { TftpOptionMap, TftpPacket } from '../codec/tftp/packet.ts'

/**
 * One TFTP download as seen by the server (RFC 1350, 2347-2349, 7440), without sockets or clocks.
 * Blocks are counted from 1 and never wrap here; on the wire they are `block & 0xffff`, so 65535 is followed by 0.
 */
export interface TftpTransferState {
  sizeBytes: number
  parameters: TransferParameters
  /** Options to acknowledge before the first block; empty where none were asked. */
  accepted: TftpOptionMap
  phase: 'options' | 'data' | 'ended'
  /** The last block that the client has, counting all before it. */
  acknowledged: number
  /** The last block sent. */
  sent: number
  /** Timeouts in a row without news from the client. */
  silentTimeouts: number
  /** When the packets that are unanswered now were first sent; undefined once repeated (Karn's rule). */
  sentAtMs?: number
  /** Smoothed round trip, once one was measured. */
  roundTripMs?: number
  /** When the client was last heard. */
  heardAtMs: number
}

export type TftpOutcome =
  | { kind: 'complete' }
  /** EDK2 and Intel ROMs ask for the size alone first, then break off: not a failure. */
  | { kind: 'size-probe' }
  | { kind: 'aborted'; message: string }
  | { kind: 'silent' }

export type TftpAction =
  | { kind: 'send-options'; options: TftpOptionMap }
  | { kind: 'send-block'; block: number; offsetBytes: number; lengthBytes: number }
  | { kind: 'set-timer'; delayMs: number }
  | { kind: 'end'; outcome: TftpOutcome }

export type TftpEvent =
  | { kind: 'started'; atMs: number }
  | { kind: 'received'; packet: TftpPacket; atMs: number }
  | { kind: 'timer'; atMs: number }

export interface TftpStep {
  state: TftpTransferState
  actions: TftpAction[]
}

const firstTimeoutMs = 1000
const shortestTimeoutMs = 100
const longestTimeoutMs = 4000
/** A client that says nothing for so long has gone. */
const longestSilenceMs = 20_000

export function createTftpTransfer(
  sizeBytes: number,
  negotiated: { parameters: TransferParameters; accepted: TftpOptionMap },
): TftpTransferState {
  return {
    sizeBytes,
    ...negotiated,
    phase: negotiated.accepted.size > 0 ? 'options' : 'data',
    acknowledged: 0,
    sent: 0,
    silentTimeouts: 0,
    heardAtMs: 0,
  }
}

/** The next state, and what to do. A packet is repeated only on a timeout, so duplicate ACKs never multiply (RFC 1123 §4.2.3.1). */
export function transitionTftpTransfer(state: TftpTransferState, event: TftpEvent): TftpStep {
  if (state.phase === 'ended') return { state, actions: [] }
  switch (event.kind) {
    case 'started':
      return send({ ...state, heardAtMs: event.atMs, sentAtMs: event.atMs })
    case 'timer':
      return handleTimer(state, event.atMs)
    case 'received':
      return handlePacket(state, event.packet, event.atMs)
  }
}

/** Blocks in the whole file; the last one is short, and empty where the size is a multiple of the block size. */
function lastBlock(state: TftpTransferState): number {
  return Math.floor(state.sizeBytes / state.parameters.blockSizeBytes) + 1
}

function handleTimer(state: TftpTransferState, atMs: number): TftpStep {
  if (atMs - state.heardAtMs >= longestSilenceMs) return end(state, { kind: 'silent' })
  const { sentAtMs: _, ...repeated } = state
  return send({ ...repeated, silentTimeouts: state.silentTimeouts + 1 })
}

function handlePacket(state: TftpTransferState, packet: TftpPacket, atMs: number): TftpStep {
  if (packet.kind === 'error') return end(state, judgeError(state, packet.message))
  if (packet.kind !== 'ack') return { state, actions: [] }
  if (state.phase === 'options') {
    return packet.block === 0 ? advance({ ...state, phase: 'data' }, 0, atMs) : { state, actions: [] }
  }
  const newlyAcknowledged = (packet.block - state.acknowledged) & 0xffff
  if (newlyAcknowledged === 0 || newlyAcknowledged > state.sent - state.acknowledged) {
    return { state, actions: [] }
  }
  return advance(state, state.acknowledged + newlyAcknowledged, atMs)
}

/** An ACK inside the window means that the next block was lost: go on from there with a whole window (RFC 7440 §4). */
function advance(state: TftpTransferState, acknowledged: number, atMs: number): TftpStep {
  const next = { ...measureRoundTrip(state, atMs), acknowledged, silentTimeouts: 0, heardAtMs: atMs }
  if (acknowledged >= lastBlock(state)) return end(next, { kind: 'complete' })
  return send({ ...next, sentAtMs: atMs })
}

function send(state: TftpTransferState): TftpStep {
  const timer: TftpAction = { kind: 'set-timer', delayMs: timeoutMs(state) }
  if (state.phase === 'options') {
    return { state, actions: [{ kind: 'send-options', options: state.accepted }, timer] }
  }
  const { blockSizeBytes, windowSize } = state.parameters
  const through = Math.min(state.acknowledged + windowSize, lastBlock(state))
  const actions: TftpAction[] = []
  for (let block = state.acknowledged + 1; block <= through; block++) {
    const offsetBytes = (block - 1) * blockSizeBytes
    const lengthBytes = Math.min(blockSizeBytes, state.sizeBytes - offsetBytes)
    actions.push({ kind: 'send-block', block, offsetBytes, lengthBytes })
  }
  return { state: { ...state, sent: through }, actions: [...actions, timer] }
}

/** What the client asked for (RFC 2349), else some round trips, doubled with each silence. */
function timeoutMs(state: TftpTransferState): number {
  if (state.parameters.timeoutSeconds !== undefined) return state.parameters.timeoutSeconds * 1000
  const base =
    state.roundTripMs === undefined ? firstTimeoutMs : Math.max(shortestTimeoutMs, state.roundTripMs * 4)
  return Math.min(base * 2 ** Math.min(state.silentTimeouts, 8), longestTimeoutMs)
}

function measureRoundTrip(state: TftpTransferState, atMs: number): TftpTransferState {
  if (state.sentAtMs === undefined) return state
  const sampleMs = Math.max(0, atMs - state.sentAtMs)
  const roundTripMs =
    state.roundTripMs === undefined ? sampleMs : state.roundTripMs * 0.875 + sampleMs * 0.125
  return { ...state, roundTripMs }
}

function judgeError(state: TftpTransferState, message: string): TftpOutcome {
  const onlyAskedSize = state.accepted.has('tsize') && state.acknowledged === 0
  return onlyAskedSize ? { kind: 'size-probe' } : { kind: 'aborted', message }
}

function end(state: TftpTransferState, outcome: TftpOutcome): TftpStep {
  return { state: { ...state, phase: 'ended' }, actions: [{ kind: 'end', outcome }] }
}
