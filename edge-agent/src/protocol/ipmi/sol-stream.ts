import { encodeSolPacket, type SolPacket } from '../../codec/sol/packet.ts'

/** One side of a serial console over LAN (IPMI 2.0 §15.11), without sockets or clocks. At most one packet of ours is unanswered. */
export interface SolStream {
  /** The most that one packet of ours carries. */
  largestDataBytes: number
  /** Typed, and not yet sent. */
  queue: Uint8Array
  wantsBreak: boolean
  /** Our last sequence number. */
  sequence: number
  unanswered: { sequence: number; data: Uint8Array; sendsBreak: boolean; tries: number } | undefined
  /** The BMC's last packet with data, for telling repeats. */
  received: { sequence: number; count: number }
}

export type SolAction =
  | { kind: 'send'; payload: Uint8Array }
  | { kind: 'data'; bytes: Uint8Array }
  /** Ask for a `timer` event in so long; any later one replaces it. */
  | { kind: 'set-timer'; delayMs: number }
  | { kind: 'stop-timer' }
  /** The BMC lost characters that the machine wrote. */
  | { kind: 'overrun' }
  | { kind: 'ended'; reason: 'deactivated' | 'silent' }

export type SolEvent =
  | { kind: 'typed'; bytes: Uint8Array }
  | { kind: 'break' }
  | { kind: 'received'; packet: SolPacket }
  | { kind: 'timer' }

export interface SolStep {
  stream: SolStream
  actions: SolAction[]
}

const resendMs = 500
/** A BMC that takes nothing now is asked again after so long. */
const refusedPauseMs = 250
const mostTries = 10
const mostQueuedBytes = 65_536

const nothing = new Uint8Array()

/** Sizes that a BMC gives are wrong on many boards: 0, or with their bytes swapped. */
export function createSolStream(largestPayloadBytes: number): SolStream {
  const isPlausible = largestPayloadBytes > 4 && largestPayloadBytes <= 255
  return {
    largestDataBytes: isPlausible ? Math.min(largestPayloadBytes - 4, 200) : 64,
    queue: nothing,
    wantsBreak: false,
    sequence: 0,
    unanswered: undefined,
    received: { sequence: 0, count: 0 },
  }
}

export function transitionSol(stream: SolStream, event: SolEvent): SolStep {
  switch (event.kind) {
    case 'typed':
      return sendNext({ ...stream, queue: join(stream.queue, event.bytes).slice(0, mostQueuedBytes) })
    case 'break':
      return sendNext({ ...stream, wantsBreak: true })
    case 'timer':
      return handleTimer(stream)
    case 'received':
      return handlePacket(stream, event.packet)
  }
}

function handlePacket(stream: SolStream, packet: SolPacket): SolStep {
  const taken = takeData(stream, packet)
  const actions: SolAction[] = [...taken.actions]
  if (packet.hasOverrun) actions.push({ kind: 'overrun' })
  if (packet.isDeactivated) {
    actions.push({ kind: 'stop-timer' }, { kind: 'ended', reason: 'deactivated' })
    return { stream: { ...taken.stream, unanswered: undefined }, actions }
  }
  const after = handleAcknowledgement(taken.stream, packet)
  return { stream: after.stream, actions: [...actions, ...after.actions] }
}

/** Every packet with a number is acknowledged. One that comes again may hold more than before: the excess is new. */
function takeData(stream: SolStream, packet: SolPacket): SolStep {
  const { sequence, data } = packet
  if (sequence === 0) return { stream, actions: [] }
  const known = sequence === stream.received.sequence ? stream.received.count : 0
  const fresh = data.subarray(Math.min(known, data.length))
  const acknowledgement = encodeSolPacket({
    sequence: 0,
    acknowledged: sequence,
    acceptedCount: data.length & 0xff,
    sendsBreak: false,
    data: nothing,
  })
  const actions: SolAction[] = [{ kind: 'send', payload: acknowledgement }]
  if (fresh.length > 0) actions.push({ kind: 'data', bytes: fresh })
  return { stream: { ...stream, received: { sequence, count: Math.max(known, data.length) } }, actions }
}

function handleAcknowledgement(stream: SolStream, packet: SolPacket): SolStep {
  const { unanswered } = stream
  if (!unanswered || packet.acknowledged !== unanswered.sequence) return { stream, actions: [] }
  const accepted = Math.min(packet.acceptedCount, unanswered.data.length)
  const isWhole = accepted === unanswered.data.length
  // What was not taken goes out again, in front, under a new number.
  const queue = isWhole ? stream.queue : join(unanswered.data.subarray(accepted), stream.queue)
  const freed = { ...stream, unanswered: undefined, queue }
  if (isWhole && !packet.isNack) return stopTimerUnlessSending(sendNext(freed))
  if (packet.isUnavailable || accepted === 0)
    return { stream: freed, actions: [{ kind: 'set-timer', delayMs: refusedPauseMs }] }
  return sendNext(freed)
}

function stopTimerUnlessSending(step: SolStep): SolStep {
  return step.actions.length > 0 ? step : { ...step, actions: [{ kind: 'stop-timer' }] }
}

function handleTimer(stream: SolStream): SolStep {
  const { unanswered } = stream
  if (!unanswered) return sendNext(stream)
  if (unanswered.tries >= mostTries)
    return { stream: { ...stream, unanswered: undefined }, actions: [{ kind: 'ended', reason: 'silent' }] }
  const again = { ...unanswered, tries: unanswered.tries + 1 }
  return { stream: { ...stream, unanswered: again }, actions: transmit(again) }
}

function sendNext(stream: SolStream): SolStep {
  if (stream.unanswered || (stream.queue.length === 0 && !stream.wantsBreak)) return { stream, actions: [] }
  const sequence = (stream.sequence % 15) + 1
  const data = stream.queue.slice(0, stream.largestDataBytes)
  const unanswered = { sequence, data, sendsBreak: stream.wantsBreak, tries: 1 }
  const queue = stream.queue.slice(data.length)
  return {
    stream: { ...stream, queue, wantsBreak: false, sequence, unanswered },
    actions: transmit(unanswered),
  }
}

function transmit(packet: { sequence: number; data: Uint8Array; sendsBreak: boolean }): SolAction[] {
  const payload = encodeSolPacket({ ...packet, acknowledged: 0, acceptedCount: 0 })
  return [
    { kind: 'send', payload },
    { kind: 'set-timer', delayMs: resendMs },
  ]
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length)
  both.set(one)
  both.set(other, one.length)
  return both
}
