import type { TransferParameters } from '../codec/tftp/options.ts'
import type { TftpOptionMap } from '../codec/tftp/packet.ts'

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
  /** Doublings of the timeout, kept until a round trip is measured anew (RFC 6298 §5.7). */
  backoff: number
  /** When the packets that are unanswered now were first sent; undefined once repeated (Karn's rule). */
  sentAtMs: number | undefined
  /** Smoothed round trip and its mean deviation (RFC 6298 §2); undefined until one was measured. */
  roundTripMs: number | undefined
  deviationMs: number
  /** Whether a repeated ACK may have this window sent again: once, and never for a window that began with a gap. */
  mayRepeatEarly: boolean
  /** When the client was last heard. */
  heardAtMs: number
  /** When the next `timer` event is due. */
  deadlineMs: number
}

export type TftpOutcome =
  | { kind: 'complete' }
  /** All was sent, and the last ACK never came: ROMs start what they loaded at once, and forget it. */
  | { kind: 'unconfirmed' }
  /** EDK2 and Intel ROMs ask for the size alone first, then break off: not a failure. */
  | { kind: 'size-probe' }
  | { kind: 'aborted'; message: string }
  | { kind: 'silent' }

/** `copies` of each: a repeated packet that is lost again would cost a second, longer wait. */
export type TftpAction =
  | { kind: 'send-options'; options: TftpOptionMap; copies: number }
  | { kind: 'send-blocks'; first: number; count: number; copies: number }
  | { kind: 'end'; outcome: TftpOutcome }

export type TftpEvent =
  | { kind: 'started'; atMs: number }
  | { kind: 'acknowledged'; block: number; atMs: number }
  | { kind: 'refused'; message: string; atMs: number }
  /** The client asks for something else: often it was heard of that before its last ACK. */
  | { kind: 'begun-anew'; atMs: number }
  | { kind: 'timer'; atMs: number }

export interface TftpStep {
  state: TftpTransferState
  action?: TftpAction
}

/** On a LAN an answer takes less than a millisecond; a busy client takes some. */
const firstTimeoutMs = 250
const shortestTimeoutMs = 20
/** A window's blocks take the client, and the network card behind others' windows, some time. */
const shortestTimeoutPerBlockMs = 2
const longestMeasuredTimeoutMs = 250
const longestTimeoutMs = 2000
/** A client that says nothing for so long has gone. */
const longestSilenceMs = 10_000
/** The same for one that never said anything, or was sent all that it wanted. */
const longestSilenceAtEndsMs = 5000
const datagramsPerRepeat = 4

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
    backoff: 0,
    sentAtMs: undefined,
    roundTripMs: undefined,
    deviationMs: 0,
    mayRepeatEarly: true,
    heardAtMs: 0,
    deadlineMs: 0,
  }
}

/** The next state, and what to do. Duplicate ACKs never multiply (RFC 1123 §4.2.3.1): see `handleRepeatedAck`. */
export function transitionTftpTransfer(state: TftpTransferState, event: TftpEvent): TftpStep {
  if (state.phase === 'ended') return { state }
  switch (event.kind) {
    case 'started':
      return send({ ...state, heardAtMs: event.atMs, sentAtMs: event.atMs }, event.atMs)
    case 'timer':
      return handleTimer(state, event.atMs)
    case 'acknowledged':
      return handleAck(state, event.block, event.atMs)
    case 'refused':
      return end(state, judgeError(state, event.message))
    case 'begun-anew':
      return end(state, judgeNewBeginning(state))
  }
}

/** Blocks in the whole file; the last one is short, and empty where the size is a multiple of the block size. */
function lastBlock(state: TftpTransferState): number {
  return Math.floor(state.sizeBytes / state.parameters.blockSizeBytes) + 1
}

function wasAllSent(state: TftpTransferState): boolean {
  return state.sent === lastBlock(state)
}

function handleTimer(state: TftpTransferState, atMs: number): TftpStep {
  const isAllSent = wasAllSent(state)
  const patienceMs = isAllSent || state.acknowledged === 0 ? longestSilenceAtEndsMs : longestSilenceMs
  const askedMs = (state.parameters.timeoutSeconds ?? 0) * 1000
  if (atMs - state.heardAtMs >= Math.max(patienceMs, 2 * askedMs)) {
    return end(state, { kind: isAllSent && state.acknowledged > 0 ? 'unconfirmed' : 'silent' })
  }
  const silentTimeouts = state.silentTimeouts + 1
  return send({ ...state, sentAtMs: undefined, silentTimeouts, backoff: state.backoff + 1 }, atMs)
}

function handleAck(state: TftpTransferState, block: number, atMs: number): TftpStep {
  if (state.phase === 'options')
    return block === 0 ? advance({ ...state, phase: 'data' }, 0, atMs) : { state }
  const newlyAcknowledged = (block - state.acknowledged) & 0xffff
  if (newlyAcknowledged === 0) return handleRepeatedAck(state, atMs)
  if (newlyAcknowledged > state.sent - state.acknowledged) return { state }
  return advance(state, state.acknowledged + newlyAcknowledged, atMs)
}

/**
 * With windows, an ACK that repeats the last one says that a window's first block was lost (RFC 7440 §4): it is sent again at
 * once, one time. Without, it says nothing: only a timeout repeats a block, or two copies would go round for the whole file.
 */
function handleRepeatedAck(state: TftpTransferState, atMs: number): TftpStep {
  if (!state.mayRepeatEarly || state.sent - state.acknowledged < 2) return { state }
  return send({ ...state, mayRepeatEarly: false, sentAtMs: undefined, heardAtMs: atMs }, atMs)
}

/** An ACK inside the window means that the next block was lost: go on from there with a whole window (RFC 7440 §4). */
function advance(state: TftpTransferState, acknowledged: number, atMs: number): TftpStep {
  const next: TftpTransferState = {
    ...state,
    acknowledged,
    silentTimeouts: 0,
    heardAtMs: atMs,
    sentAtMs: atMs,
    mayRepeatEarly: acknowledged === state.sent,
  }
  if (state.sentAtMs !== undefined) measureRoundTrip(next, Math.max(0, atMs - state.sentAtMs))
  if (acknowledged >= lastBlock(state)) return end(next, { kind: 'complete' })
  return send(next, atMs)
}

function send(state: TftpTransferState, atMs: number): TftpStep {
  const deadlineMs = atMs + timeoutMs(state)
  const isRepeat = state.silentTimeouts > 0
  if (state.phase === 'options') {
    const copies = isRepeat ? datagramsPerRepeat : 1
    return {
      state: { ...state, deadlineMs },
      action: { kind: 'send-options', options: state.accepted, copies },
    }
  }
  const first = state.acknowledged + 1
  const through = Math.min(state.acknowledged + state.parameters.windowSize, lastBlock(state))
  const count = through - state.acknowledged
  const copies = isRepeat ? Math.ceil(datagramsPerRepeat / count) : 1
  return {
    state: { ...state, sent: through, deadlineMs },
    action: { kind: 'send-blocks', first, count, copies },
  }
}

/** What the client asked for (RFC 2349), else what its round trips say (RFC 6298 §2), doubled with each silence. */
function timeoutMs(state: TftpTransferState): number {
  if (state.parameters.timeoutSeconds !== undefined) return state.parameters.timeoutSeconds * 1000
  const shortestMs = shortestTimeoutMs + (state.parameters.windowSize - 1) * shortestTimeoutPerBlockMs
  const base =
    state.roundTripMs === undefined
      ? firstTimeoutMs
      : Math.min(Math.max(state.roundTripMs + 4 * state.deviationMs, shortestMs), longestMeasuredTimeoutMs)
  return Math.min(base * 2 ** Math.min(state.backoff, 8), longestTimeoutMs)
}

/** Of packets that were sent once, so that it is known which of them was answered. */
function measureRoundTrip(state: TftpTransferState, sampleMs: number): void {
  state.backoff = 0
  if (state.roundTripMs === undefined) {
    state.roundTripMs = sampleMs
    state.deviationMs = sampleMs / 2
    return
  }
  state.deviationMs = state.deviationMs * 0.75 + Math.abs(state.roundTripMs - sampleMs) * 0.25
  state.roundTripMs = state.roundTripMs * 0.875 + sampleMs * 0.125
}

function judgeError(state: TftpTransferState, message: string): TftpOutcome {
  const onlyAskedSize = state.accepted.has('tsize') && state.acknowledged === 0
  return onlyAskedSize ? { kind: 'size-probe' } : { kind: 'aborted', message }
}

function judgeNewBeginning(state: TftpTransferState): TftpOutcome {
  if (wasAllSent(state) && state.acknowledged > 0) return { kind: 'unconfirmed' }
  return { kind: 'aborted', message: 'The client began anew' }
}

function end(state: TftpTransferState, outcome: TftpOutcome): TftpStep {
  return { state: { ...state, phase: 'ended' }, action: { kind: 'end', outcome } }
}
