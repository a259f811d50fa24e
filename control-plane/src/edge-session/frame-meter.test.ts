import { expect, it } from 'vitest'
import { createFrameMeter } from './frame-meter.ts'

function takeAll(meter: ReturnType<typeof createFrameMeter>, now: number): number {
  let taken = 0
  while (meter.take(now)) taken++
  return taken
}

it('lets a burst through, and then so many a second', () => {
  const meter = createFrameMeter()
  expect(takeAll(meter, 1000)).toBe(3000)
  expect(takeAll(meter, 1000)).toBe(0)
  expect(takeAll(meter, 3000)).toBe(200)
  expect(takeAll(meter, 3_000_000)).toBe(3000)
})

it('does not count what takes the journal further, and what repeats it', () => {
  const meter = createFrameMeter()
  for (let seq = 1; seq <= 10_000; seq++) {
    expect(meter.take(1000)).toBe(true)
    meter.giveBack(seq)
  }
  meter.giveBack(10_001)
  for (let times = 0; times < 1000; times++) {
    meter.take(1000)
    meter.giveBack(10_001)
  }
  expect(takeAll(meter, 1000)).toBe(2000)
})

it('is not filled by a clock that goes back', () => {
  const meter = createFrameMeter()
  takeAll(meter, 10_000)
  expect(takeAll(meter, 5000)).toBe(0)
  expect(takeAll(meter, 6000)).toBe(100)
})
