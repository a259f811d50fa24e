import { describe, expect, it } from 'vitest'
import { defaultTransferLimits, negotiateTransfer } from '../codec/tftp/options.ts'
import type { TftpPacket } from '../codec/tftp/packet.ts'
import { parseTftpFileName } from './tftp-file-name.ts'
import {
  createTftpTransfer,
  type TftpAction,
  type TftpEvent,
  type TftpOutcome,
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
  let actions: TftpAction[] = []
  let current = state
  for (const event of events) ({ state: current, actions } = transitionTftpTransfer(current, event))
  return { state: current, actions }
}

const started: TftpEvent = { kind: 'started', atMs: 0 }
const ack = (block: number, atMs = 1): TftpEvent => ({
  kind: 'received',
  packet: { kind: 'ack', block },
  atMs,
})
const blocks = (actions: TftpAction[]) =>
  actions.flatMap((action) => (action.kind === 'send-block' ? [action.block] : []))
const delay = (actions: TftpAction[]) => actions.find((action) => action.kind === 'set-timer')?.delayMs
const outcome = (actions: TftpAction[]) => actions.find((action) => action.kind === 'end')?.outcome

describe('a TFTP transfer', () => {
  it('without options starts with the first block', () => {
    const { actions } = play(transfer(600), started)
    expect(actions[0]).toEqual({ kind: 'send-block', block: 1, offsetBytes: 0, lengthBytes: 512 })
  })

  it('ends with a short block, and with an empty one where the size is a multiple', () => {
    expect(play(transfer(600), started, ack(1)).actions[0]).toMatchObject({ block: 2, lengthBytes: 88 })
    expect(play(transfer(512), started, ack(1)).actions[0]).toMatchObject({ block: 2, lengthBytes: 0 })
    expect(play(transfer(0), started).actions[0]).toMatchObject({ block: 1, lengthBytes: 0 })
    expect(outcome(play(transfer(600), started, ack(1), ack(2)).actions)).toEqual({ kind: 'complete' })
  })

  it('with options waits for ACK 0', () => {
    const first = play(transfer(5000, { blksize: '1468' }), started)
    expect(first.actions[0]).toEqual({ kind: 'send-options', options: new Map([['blksize', '1468']]) })
    expect(play(first.state, ack(1)).actions).toEqual([])
    expect(blocks(play(first.state, ack(0)).actions)).toEqual([1])
  })

  it('sends a window, and goes on from an ACK inside it', () => {
    const { state, actions } = play(transfer(100_000, { windowsize: '4' }), started, ack(0))
    expect(blocks(actions)).toEqual([1, 2, 3, 4])
    expect(blocks(play(state, ack(4)).actions)).toEqual([5, 6, 7, 8])
    expect(blocks(play(state, ack(2)).actions)).toEqual([3, 4, 5, 6])
  })

  it('answers no ACK that is old, doubled, or ahead of what was sent', () => {
    const { state } = play(transfer(100_000, { windowsize: '4' }), started, ack(0), ack(4))
    for (const block of [4, 3, 0, 9, 65535]) expect(play(state, ack(block)).actions).toEqual([])
  })

  it('repeats the window on a timeout only, ever more slowly', () => {
    const { state } = play(transfer(100_000, { windowsize: '2' }), started, ack(0, 50))
    const once = play(state, { kind: 'timer', atMs: 300 })
    expect(blocks(once.actions)).toEqual([1, 2])
    const twice = play(once.state, { kind: 'timer', atMs: 900 })
    expect(delay(twice.actions)).toBeGreaterThan(delay(once.actions) ?? 0)
  })

  it('waits some round trips once it has measured one, and never measures a repeated packet', () => {
    const first = play(transfer(100_000), started)
    expect(delay(first.actions)).toBe(1000)
    const fast = play(first.state, ack(1, 60))
    expect(delay(fast.actions)).toBe(240)
    const repeated = play(first.state, { kind: 'timer', atMs: 1000 }, ack(1, 1001))
    expect(repeated.state.roundTripMs).toBeUndefined()
  })

  it('keeps to the timeout that the client asked for', () => {
    expect(delay(play(transfer(100, { timeout: '3' }), started).actions)).toBe(3000)
  })

  it('ends when the client has been silent for too long', () => {
    const { state } = play(transfer(100_000), started)
    expect(outcome(play(state, { kind: 'timer', atMs: 19_999 }).actions)).toBeUndefined()
    expect(outcome(play(state, { kind: 'timer', atMs: 20_000 }).actions)).toEqual({ kind: 'silent' })
  })

  it('knows a question for the size from a broken transfer', () => {
    const error: TftpEvent = {
      kind: 'received',
      packet: { kind: 'error', code: 8, message: 'User aborted' },
      atMs: 1,
    }
    expect(outcome(play(transfer(100, { tsize: '0' }), started, error).actions)).toEqual({
      kind: 'size-probe',
    })
    expect(outcome(play(transfer(100), started, error).actions)).toEqual({
      kind: 'aborted',
      message: 'User aborted',
    })
  })

  it('does nothing after its end', () => {
    const { state } = play(transfer(10), started, ack(1))
    expect(play(state, ack(1)).actions).toEqual([])
    expect(play(state, { kind: 'timer', atMs: 1 }).actions).toEqual([])
  })

  it('ignores packets that a client never sends', () => {
    const { state } = play(transfer(10), started)
    const data: TftpPacket = { kind: 'data', block: 1, payload: new Uint8Array() }
    expect(play(state, { kind: 'received', packet: data, atMs: 1 }).actions).toEqual([])
  })

  it('goes on past block 65535, which is followed by 0 on the wire', () => {
    let { state } = play(transfer(70_000 * 512), started)
    for (let block = 1; block <= 65_536; block++)
      ({ state } = transitionTftpTransfer(state, ack(block & 0xffff)))
    expect(state.acknowledged).toBe(65_536)
    expect(state.sent).toBe(65_537)
  })
})

describe.each([1, 4, 16])('a lossy link with window %i', (windowSize) => {
  it.each([1, 2, 3, 4, 5])('delivers every byte in order (seed %i)', (seed) => {
    const sizeBytes = 200_000
    const result = download(transfer(sizeBytes, { blksize: '1468', windowsize: String(windowSize) }), {
      seed,
      lossRate: 0.05,
    })
    expect(result.outcome).toEqual({ kind: 'complete' })
    expect(result.receivedBytes).toBe(sizeBytes)
    // Each loss repeats at most one window; twice the file would be a storm.
    expect(result.blocksSent).toBeLessThan(2 * 138 + 16 * windowSize)
  })
})

/** A client after RFC 7440 (it acknowledges each gap once), behind a link that drops packets both ways. */
function download(initial: TftpTransferState, link: { seed: number; lossRate: number }) {
  let seed = link.seed
  const lost = () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
    return seed / 2 ** 32 < link.lossRate
  }
  const { blockSizeBytes, windowSize } = initial.parameters
  const counts = { receivedBytes: 0, blocksSent: 0 }
  let expected = 1
  let nowMs = 0
  let ended: TftpOutcome | undefined
  let state = initial
  let events: TftpEvent[] = [started]
  for (let step = 0; step < 100_000 && !ended; step++) {
    if (events.length === 0) nowMs += 200
    const event: TftpEvent = events.shift() ?? { kind: 'timer', atMs: nowMs }
    const result = transitionTftpTransfer(state, event)
    state = result.state
    nowMs += 1
    let inWindow = 0
    let gapTold = false
    for (const action of result.actions) {
      if (action.kind === 'end') ended = action.outcome
      if (action.kind === 'send-options' && !lost()) events = lost() ? [] : [ack(0, nowMs)]
      if (action.kind !== 'send-block') continue
      counts.blocksSent++
      if (lost()) continue
      const isNext = action.block === expected
      if (isNext) {
        expected++
        inWindow++
        counts.receivedBytes += action.lengthBytes
      }
      const isLast = action.lengthBytes < blockSizeBytes
      const wantsAck = isNext ? inWindow === windowSize || isLast : !gapTold
      if (!isNext) gapTold = true
      if (wantsAck && !lost()) events.push(ack((expected - 1) & 0xffff, nowMs))
    }
  }
  return { ...counts, outcome: ended }
}

describe('a TFTP file name', () => {
  it.each([
    ['snponly.efi', 'snponly.efi'],
    ['/snponly.efi', 'snponly.efi'],
    ['\\snponly.efi', 'snponly.efi'],
    ['./snponly.efi', 'snponly.efi'],
    ['undionly.kpxe\xff', 'undionly.kpxe'],
  ])('%j is %s', (asked, name) => expect(parseTftpFileName(asked)).toBe(name))

  it.each(['', '/', '../etc/passwd', 'boot/../../x', '..\\x', '.hidden', 'a b', 'x'.repeat(500), 'é'])(
    '%j is none',
    (asked) => expect(parseTftpFileName(asked)).toBeUndefined(),
  )
})
