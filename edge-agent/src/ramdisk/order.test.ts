import { expect, test } from 'vitest'
import { type OrderEvent, type OrderFrame, type OrderState, orderIdOf, transition } from './order.ts'

const order = (orderId: string, epoch: number): OrderFrame => ({
  type: 'order',
  orderId,
  deploymentId: 'd1',
  epoch,
  plan: { format: 1, phonesHome: true, actions: [{ action: 'restart' }] },
  imageServers: ['http://10.0.0.2:6871'],
})
const frame = (value: Extract<OrderEvent, { type: 'frame' }>['frame']): OrderEvent => ({
  type: 'frame',
  frame: value,
})
const welcome = frame({ type: 'welcome', session: 's', now: 1 })

function play(...events: OrderEvent[]) {
  let state: OrderState = { phase: 'idle' }
  let effects: ReturnType<typeof transition>['effects'] = []
  for (const event of events) ({ state, effects } = transition(state, event))
  return { state, effects }
}

test('starts the first order', () => {
  const { state, effects } = play(welcome, frame(order('o1', 4)))
  expect(effects).toEqual([{ type: 'start', order: order('o1', 4) }])
  expect(orderIdOf(state)).toBe('o1')
})

test.each([
  ['newer', 5, 'another order'],
  ['of the same epoch', 4, 'not newer'],
  ['older', 3, 'not newer'],
])('refuses a second order that is %s, and goes on with the first', (_what, epoch, words) => {
  const { state, effects } = play(frame(order('o1', 4)), frame(order('o2', epoch)))
  expect(effects).toMatchObject([{ type: 'send', frame: { orderId: 'o2', reason: 'order-refused' } }])
  expect(JSON.stringify(effects)).toContain(words)
  expect(orderIdOf(state)).toBe('o1')
})

test('refuses a second order after the first has ended', () => {
  const { effects } = play(
    frame(order('o1', 4)),
    { type: 'ended', outcome: { kind: 'done' } },
    frame({ type: 'result-taken', orderId: 'o1' }),
    frame(order('o2', 5)),
  )
  expect(effects).toMatchObject([{ type: 'send', frame: { orderId: 'o2', reason: 'order-refused' } }])
})

test('never starts the same order twice: a new edge process is told where it stands', () => {
  const writing: OrderEvent[] = [
    frame(order('o1', 4)),
    { type: 'stage', stage: 'writing', disk: null },
    { type: 'progress', bytesDone: 5, bytesTotal: 10 },
  ]
  const stands = [
    { type: 'send', frame: { type: 'stage', orderId: 'o1', stage: 'writing' } },
    { type: 'send', frame: { type: 'progress', orderId: 'o1', bytesDone: 5, bytesTotal: 10 } },
  ]
  expect(play(...writing, frame(order('o1', 4))).effects).toMatchObject(stands)
  expect(play(...writing, welcome).effects).toMatchObject(stands)
})

test('repeats a result until it is taken', () => {
  const done: OrderEvent[] = [frame(order('o1', 4)), { type: 'ended', outcome: { kind: 'done' } }]
  const result = [{ type: 'send', frame: { type: 'result', orderId: 'o1', outcome: 'done' } }]
  expect(play(...done).effects).toEqual(result)
  expect(play(...done, { type: 'tick' }).effects).toEqual(result)
  const takenElsewhere = frame({ type: 'result-taken', orderId: 'o9' })
  expect(play(...done, takenElsewhere, { type: 'tick' }).effects).toEqual(result)
  const taken = frame({ type: 'result-taken', orderId: 'o1' })
  expect(play(...done, taken, { type: 'tick' }).effects).toEqual([])
  expect(play(...done, taken, welcome).effects).toEqual(result)
})

test('repeats a failure with its reason and its chunk', () => {
  const outcome = { kind: 'failed', reason: 'chunk-missing', message: 'Gone.', chunk: 'c' } as const
  const { effects } = play(frame(order('o1', 4)), { type: 'ended', outcome }, { type: 'tick' })
  expect(effects).toEqual([
    {
      type: 'send',
      frame: { type: 'failed', orderId: 'o1', reason: 'chunk-missing', message: 'Gone.', chunk: 'c' },
    },
  ])
})

test('aborts only the order that it works on', () => {
  expect(play(frame(order('o1', 4)), frame({ type: 'abort', orderId: 'o1' })).effects).toEqual([
    { type: 'abort' },
  ])
  expect(play(frame(order('o1', 4)), frame({ type: 'abort', orderId: 'o0' })).effects).toEqual([])
  expect(play(frame({ type: 'abort', orderId: 'o1' })).effects).toEqual([])
})

test('restarts at once when idle or ended, and only after the work has stopped otherwise', () => {
  const restart = frame({ type: 'restart', reason: 'local boot' })
  expect(play(restart).effects).toEqual([{ type: 'restart', reason: 'local boot' }])
  const working: OrderEvent[] = [frame(order('o1', 4)), restart]
  expect(play(...working).effects).toEqual([{ type: 'abort' }])
  const aborted = { kind: 'failed', reason: 'aborted', message: 'Stopped.', chunk: null } as const
  const { state, effects } = play(...working, { type: 'ended', outcome: aborted })
  expect(effects.at(-1)).toEqual({ type: 'restart', reason: 'local boot' })
  expect(transition(state, frame(order('o2', 9))).effects).toEqual([])
})
