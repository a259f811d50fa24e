import { describe, expect, it } from 'vitest'
import { seed, seededRandom } from '../../../test/random.ts'
import { decodeSolPacket, type SolPacket } from '../../codec/sol/packet.ts'
import {
  createSolStream,
  type SolAction,
  type SolEvent,
  type SolStream,
  transitionSol,
} from './sol-stream.ts'

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const text = (data: Uint8Array): string => Buffer.from(data).toString()

const fromBmc = (fields: Partial<SolPacket>): SolEvent => ({
  kind: 'received',
  packet: {
    sequence: 0,
    acknowledged: 0,
    acceptedCount: 0,
    isNack: false,
    isUnavailable: false,
    isDeactivated: false,
    hasOverrun: false,
    hasBreak: false,
    data: new Uint8Array(),
    ...fields,
  },
})

/** Feeds events one after the other, and gives what came of each. */
function play(...events: SolEvent[]): SolAction[][] {
  let stream: SolStream = createSolStream(12)
  return events.map((event) => {
    const step = transitionSol(stream, event)
    stream = step.stream
    return step.actions
  })
}

const sent = (actions: SolAction[] | undefined): SolPacket[] =>
  (actions ?? []).flatMap((action) => (action.kind === 'send' ? [decodeSolPacket(action.payload)] : []))

describe('a serial console over LAN', () => {
  it('sends one packet at a time, the next when it was taken', () => {
    const [first, second, third] = play(
      { kind: 'typed', bytes: bytes('0123456789') },
      { kind: 'typed', bytes: bytes('ab') },
      fromBmc({ acknowledged: 1, acceptedCount: 8 }),
    )
    expect(sent(first).map(({ sequence, data }) => [sequence, text(data)])).toEqual([[1, '01234567']])
    expect(sent(second)).toEqual([])
    expect(sent(third).map(({ sequence, data }) => [sequence, text(data)])).toEqual([[2, '89ab']])
  })

  it('repeats what is not acknowledged under the same number, and gives up in the end', () => {
    const timers = Array.from({ length: 10 }, (): SolEvent => ({ kind: 'timer' }))
    const steps = play({ kind: 'typed', bytes: bytes('x') }, ...timers)
    expect(steps.slice(0, 10).map((actions) => sent(actions)[0]?.sequence)).toEqual(Array(10).fill(1))
    expect(steps.at(-1)).toEqual([{ kind: 'ended', reason: 'silent' }])
  })

  it('sends what was not taken again under a new number', () => {
    const steps = play(
      { kind: 'typed', bytes: bytes('01234567') },
      fromBmc({ acknowledged: 1, acceptedCount: 3, isNack: true }),
    )
    expect(sent(steps[1]).map(({ sequence, data }) => [sequence, text(data)])).toEqual([[2, '34567']])
  })

  it('waits before it asks a BMC again that takes nothing', () => {
    const steps = play(
      { kind: 'typed', bytes: bytes('x') },
      fromBmc({ acknowledged: 1, acceptedCount: 0, isNack: true, isUnavailable: true }),
      { kind: 'timer' },
    )
    expect(sent(steps[1])).toEqual([])
    expect(sent(steps[2]).map(({ sequence, data }) => [sequence, text(data)])).toEqual([[2, 'x']])
  })

  it('acknowledges what it is given, and shows it once', () => {
    const steps = play(
      fromBmc({ sequence: 7, data: bytes('log') }),
      fromBmc({ sequence: 7, data: bytes('login') }),
      fromBmc({ sequence: 7, data: bytes('login') }),
      fromBmc({ sequence: 8, data: bytes(': ') }),
    )
    expect(steps.map((actions) => sent(actions).map((ack) => [ack.acknowledged, ack.acceptedCount]))).toEqual(
      [[[7, 3]], [[7, 5]], [[7, 5]], [[8, 2]]],
    )
    const shown = steps.flat().flatMap((action) => (action.kind === 'data' ? text(action.bytes) : []))
    expect(shown).toEqual(['log', 'in', ': '])
  })

  it('sends a break, and never numbers a packet 0', () => {
    const events = Array.from({ length: 31 }, (_, index): SolEvent[] => [
      { kind: 'break' },
      fromBmc({ acknowledged: (index % 15) + 1 }),
    ]).flat()
    const numbers = play(...events).flatMap((actions) => sent(actions).map(({ sequence }) => sequence))
    expect(numbers).toEqual(Array.from({ length: 31 }, (_, index) => (index % 15) + 1))
  })

  it('says when it lost something, and when it was switched off', () => {
    const [lost, off] = play(fromBmc({ hasOverrun: true }), fromBmc({ isDeactivated: true }))
    expect(lost).toContainEqual({ kind: 'overrun' })
    expect(off).toContainEqual({ kind: 'ended', reason: 'deactivated' })
  })

  it(`brings everything through a bad network in order (DRAGONFLY_SEED=${seed})`, () => {
    const random = seededRandom(seed)
    const wanted = Array.from({ length: 400 }, (_, index) => String.fromCharCode(97 + (index % 26))).join('')
    let step = transitionSol(createSolStream(20), { kind: 'typed', bytes: bytes(wanted) })
    let arrived = ''
    let last = { sequence: 0, accepted: 0 }
    for (let rounds = 0; rounds < 5000 && arrived.length < wanted.length; rounds++) {
      const [packet] = sent(step.actions)
      if (packet && random() > 0.2) {
        if (packet.sequence !== last.sequence) {
          const accepted = random() < 0.2 ? Math.floor(random() * packet.data.length) : packet.data.length
          arrived += text(packet.data.subarray(0, accepted))
          last = { sequence: packet.sequence, accepted }
        }
        if (random() > 0.2) {
          const { sequence: acknowledged, accepted: acceptedCount } = last
          step = transitionSol(step.stream, fromBmc({ acknowledged, acceptedCount }))
          continue
        }
      }
      step = transitionSol(step.stream, { kind: 'timer' })
    }
    expect(arrived).toBe(wanted)
  })
})
