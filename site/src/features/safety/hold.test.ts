import { expect, it } from 'vitest'
import {
  type HoldEvent,
  type HoldState,
  holdFraction,
  holdMs,
  idle,
  renderHold,
  transitionHold,
} from './hold.ts'

const run = (...events: HoldEvent[]): HoldState => events.reduce(transitionHold, idle)
const press = (atMs: number, source: 'pointer' | 'key' = 'pointer') =>
  ({ type: 'press', source, atMs }) as const
const release = (source: 'pointer' | 'key' = 'pointer') => ({ type: 'release', source }) as const
const tick = (atMs: number) => ({ type: 'tick', atMs }) as const

it('is held after the whole time, and not a moment sooner', () => {
  expect(run(press(100), tick(100 + holdMs - 1)).kind).toBe('holding')
  expect(run(press(100), tick(100 + holdMs)).kind).toBe('held')
})

it('begins anew when it is let go early', () => {
  const again = run(press(0), tick(holdMs - 1), release(), press(5000), tick(5000 + holdMs - 1))
  expect(again.kind).toBe('holding')
  expect(holdFraction(run(press(0), release()), 9000)).toBe(0)
})

it('is not finished by time that passes after letting go, or by Escape', () => {
  expect(run(press(0), release(), tick(9000))).toEqual(idle)
  expect(run(press(0), { type: 'cancel' }, tick(9000))).toEqual(idle)
})

it('takes no notice of a repeated key, or of another finger or key', () => {
  expect(run(press(0, 'key'), press(1000, 'key'), tick(holdMs)).kind).toBe('held')
  expect(run(press(0, 'key'), press(1000, 'pointer'), release('pointer'), tick(holdMs)).kind).toBe('held')
})

it('stays held, once', () => {
  expect(run(press(0), tick(holdMs), release(), press(9000)).kind).toBe('held')
})

it('tells how far it is, also when the clock jumps', () => {
  const holding = run(press(1000))
  expect(holdFraction(holding, 1000 + holdMs / 2)).toBe(0.5)
  expect(holdFraction(holding, 0)).toBe(0)
  expect(holdFraction(holding, 1e9)).toBe(1)
  expect([0, 0.1, 0.5, 0.99, 1].map(renderHold)).toEqual([
    '',
    'Keep holding: 0 %',
    'Keep holding: 50 %',
    'Keep holding: 75 %',
    'Confirmed.',
  ])
})
