import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../test/random.ts'
import { defaultTransferLimits, negotiateTransfer } from '../codec/tftp/options.ts'
import {
  createTftpTransfer,
  type TftpEvent,
  type TftpOutcome,
  type TftpStep,
  type TftpTransferState,
  transitionTftpTransfer,
} from './tftp-transfer.ts'

function transfer(sizeBytes: number, asked: Record<string, string> = {}): TftpTransferState {
  return createTftpTransfer(
    sizeBytes,
    negotiateTransfer(new Map(Object.entries(asked)), sizeBytes, defaultTransferLimits),
  )
}

function play(state: TftpTransferState, ...events: TftpEvent[]) {
  let step: TftpStep = { state }
  for (const event of events) step = transitionTftpTransfer(step.state, event)
  return step
}

const started: TftpEvent = { kind: 'started', atMs: 0 }
const ack = (block: number, atMs = 1): TftpEvent => ({ kind: 'acknowledged', block, atMs })
const timer = (atMs: number): TftpEvent => ({ kind: 'timer', atMs })
const waitMs = ({ state }: TftpStep, atMs: number) => state.deadlineMs - atMs
const outcome = ({ action }: TftpStep) => (action?.kind === 'end' ? action.outcome : undefined)

describe('a TFTP transfer', () => {
  it('without options starts with the first block', () => {
    expect(play(transfer(600), started).action).toEqual({
      kind: 'send-blocks',
      first: 1,
      count: 1,
      copies: 1,
    })
  })

  it('ends with a short block, and with an empty one where the size is a multiple', () => {
    expect(play(transfer(600), started, ack(1)).action).toMatchObject({ first: 2 })
    expect(outcome(play(transfer(600), started, ack(1), ack(2)))).toEqual({ kind: 'complete' })
    expect(play(transfer(512), started, ack(1)).action).toMatchObject({ first: 2 })
    expect(outcome(play(transfer(511), started, ack(1)))).toEqual({ kind: 'complete' })
    expect(outcome(play(transfer(0), started, ack(1)))).toEqual({ kind: 'complete' })
  })

  it('with options waits for ACK 0', () => {
    const first = play(transfer(5000, { blksize: '1468' }), started)
    expect(first.action).toEqual({
      kind: 'send-options',
      options: new Map([['blksize', '1468']]),
      copies: 1,
    })
    expect(play(first.state, ack(1)).action).toBeUndefined()
    expect(play(first.state, ack(0)).action).toMatchObject({ first: 1, count: 1 })
  })

  it('sends a window, and goes on from an ACK inside it', () => {
    const { state, action } = play(transfer(100_000, { windowsize: '4' }), started, ack(0))
    expect(action).toMatchObject({ first: 1, count: 4 })
    expect(play(state, ack(4)).action).toMatchObject({ first: 5, count: 4 })
    expect(play(state, ack(2)).action).toMatchObject({ first: 3, count: 4 })
  })

  it('answers no ACK that is old, or ahead of what was sent', () => {
    const { state } = play(transfer(100_000, { windowsize: '4' }), started, ack(0), ack(4))
    for (const block of [3, 0, 9, 65535]) expect(play(state, ack(block)).action).toBeUndefined()
  })

  it('never answers a repeated ACK without windows: the sorcerer has no apprentice', () => {
    const { state } = play(transfer(100_000), started, ack(1))
    expect(play(state, ack(1), ack(1)).action).toBeUndefined()
  })

  it('with windows takes a repeated ACK for a lost first block, once', () => {
    const { state } = play(transfer(100_000, { windowsize: '4' }), started, ack(0), ack(4))
    const again = play(state, ack(4))
    expect(again.action).toMatchObject({ first: 5, count: 4, copies: 1 })
    expect(play(again.state, ack(4)).action).toBeUndefined()
    // The client tells a gap with each block behind it: the first of these ACKs was answered.
    const gap = play(state, ack(6))
    expect(play(gap.state, ack(6)).action).toBeUndefined()
  })

  it('repeats on a timeout, ever more slowly, and in several copies where the window is small', () => {
    const { state } = play(transfer(100_000, { windowsize: '2' }), started, ack(0, 50))
    const once = play(state, timer(300))
    expect(once.action).toEqual({ kind: 'send-blocks', first: 1, count: 2, copies: 2 })
    const twice = play(once.state, timer(900))
    expect(waitMs(twice, 900)).toBe(2 * waitMs(once, 300))
    expect(play(transfer(5000, { tsize: '0' }), started, timer(250)).action).toMatchObject({ copies: 4 })
  })

  it('waits 250 ms at first, then what its round trips say, between 20 and 250 ms', () => {
    const first = play(transfer(100_000), started)
    expect(waitMs(first, 0)).toBe(250)
    expect(waitMs(play(first.state, ack(1, 1)), 1)).toBe(20)
    expect(waitMs(play(first.state, ack(1, 40)), 40)).toBe(120)
    expect(waitMs(play(first.state, ack(1, 240)), 240)).toBe(250)
    expect(waitMs(play(transfer(100_000, { windowsize: '64' }), started, ack(0, 1)), 1)).toBe(146)
  })

  it('never measures a repeated packet, and stays patient until it measures again', () => {
    const fast = play(transfer(100_000), started, ack(1, 1))
    const late = play(fast.state, timer(21), ack(2, 60))
    expect(late.state.roundTripMs).toBe(1)
    expect(waitMs(late, 60)).toBe(40)
    expect(play(late.state, ack(3, 90)).state).toMatchObject({ backoff: 0, deadlineMs: 90 + 35.125 })
  })

  it('keeps to the timeout that the client asked for', () => {
    expect(waitMs(play(transfer(100, { timeout: '3' }), started), 0)).toBe(3000)
  })

  it('ends when the client has been silent for too long, sooner where it never spoke', () => {
    expect(outcome(play(transfer(100_000), started, timer(4999)))).toBeUndefined()
    expect(outcome(play(transfer(100_000), started, timer(5000)))).toEqual({ kind: 'silent' })
    const { state } = play(transfer(100_000), started, ack(1, 1))
    expect(outcome(play(state, timer(10_000)))).toBeUndefined()
    expect(outcome(play(state, timer(10_001)))).toEqual({ kind: 'silent' })
  })

  it('that lacks only its last ACK is unconfirmed: a ROM starts what it has', () => {
    const { state } = play(transfer(600), started, ack(1, 1))
    expect(outcome(play(state, timer(5001)))).toEqual({ kind: 'unconfirmed' })
  })

  it('ends where its client begins anew: unconfirmed where it lacks only its last ACK', () => {
    const anew: TftpEvent = { kind: 'begun-anew', atMs: 2 }
    const { state } = play(transfer(600), started, ack(1, 1))
    expect(outcome(play(state, anew))).toEqual({ kind: 'unconfirmed' })
    expect(outcome(play(transfer(2000), started, ack(1, 1), anew))).toMatchObject({ kind: 'aborted' })
    expect(outcome(play(transfer(10), started, anew))).toMatchObject({ kind: 'aborted' })
  })

  it('knows a question for the size from a broken transfer', () => {
    const error: TftpEvent = { kind: 'refused', message: 'User aborted', atMs: 1 }
    expect(outcome(play(transfer(100, { tsize: '0' }), started, error))).toEqual({ kind: 'size-probe' })
    expect(outcome(play(transfer(100), started, error))).toEqual({
      kind: 'aborted',
      message: 'User aborted',
    })
  })

  it('does nothing after its end', () => {
    const { state } = play(transfer(10), started, ack(1))
    expect(play(state, ack(1)).action).toBeUndefined()
    expect(play(state, timer(1)).action).toBeUndefined()
  })

  it('goes on past block 65535, which is followed by 0 on the wire', () => {
    let { state } = play(transfer(70_000 * 512), started)
    for (let block = 1; block <= 65_536; block++)
      ({ state } = transitionTftpTransfer(state, ack(block & 0xffff)))
    expect(state.acknowledged).toBe(65_536)
    expect(state.sent).toBe(65_537)
  })
})

describe.each([1, 4, 16, 64])('a lossy link with window %i', (windowSize) => {
  it.each([1, 2, 3, 4, 5])('delivers every byte in order (seed %i)', (seed) => {
    const sizeBytes = 200_000
    const result = download(transfer(sizeBytes, { blksize: '1468', windowsize: String(windowSize) }), {
      seed,
      lossRate: 0.05,
    })
    expect(result.outcome).toEqual({ kind: 'complete' })
    expect(result.receivedBytes).toBe(sizeBytes)
    // Each loss repeats at most one window; some files' worth would be a storm.
    expect(result.blocksSent).toBeLessThan(2 * 138 + 16 * windowSize)
  })
})

/** A client after RFC 7440 (it acknowledges each gap once), behind a link that drops packets both ways. */
function download(initial: TftpTransferState, link: { seed: number; lossRate: number }) {
  const random = seededRandom(link.seed)
  const lost = () => random() < link.lossRate
  const { blockSizeBytes, windowSize } = initial.parameters
  const counts = { receivedBytes: 0, blocksSent: 0 }
  let expected = 1
  let nowMs = 0
  let ended: TftpOutcome | undefined
  let state = initial
  let events: TftpEvent[] = [started]
  for (let round = 0; round < 100_000 && !ended; round++) {
    if (events.length === 0) nowMs = state.deadlineMs
    const step = transitionTftpTransfer(state, events.shift() ?? timer(nowMs))
    state = step.state
    nowMs += 1
    const { action } = step
    if (action?.kind === 'end') ended = action.outcome
    if (action?.kind === 'send-options' && !lost()) events = lost() ? [] : [ack(0, nowMs)]
    if (action?.kind !== 'send-blocks') continue
    let inWindow = 0
    let gapTold = false
    for (let datagram = 0; datagram < action.count * action.copies; datagram++) {
      const block = action.first + (datagram % action.count)
      counts.blocksSent++
      if (lost()) continue
      const lengthBytes = Math.min(blockSizeBytes, initial.sizeBytes - (block - 1) * blockSizeBytes)
      const isNext = block === expected
      if (isNext) {
        expected++
        inWindow++
        counts.receivedBytes += lengthBytes
      }
      const wantsAck = isNext ? inWindow === windowSize || lengthBytes < blockSizeBytes : !gapTold
      if (!isNext) gapTold = true
      if (wantsAck && !lost()) events.push(ack((expected - 1) & 0xffff, nowMs))
    }
  }
  return { ...counts, outcome: ended }
}
