import { describe, expect, it } from 'vitest'
import { addSample, bytesPerSecond, percentDone, remainingMs, type Sample } from './rate.ts'

const every = (count: number, stepBytes: number): Sample[] =>
  Array.from({ length: count }, (_, index) => ({ atMs: index * 1000, bytesDone: index * stepBytes })).reduce<
    Sample[]
  >((samples, sample) => addSample(samples, sample), [])

describe('bytesPerSecond', () => {
  it('is what happened in the last seconds', () => {
    expect(bytesPerSecond(every(5, 100), 4000)).toBe(100)
    const slowed = addSample(every(60, 100), { atMs: 60_000, bytesDone: 5900 })
    expect(bytesPerSecond(slowed, 60_000)).toBeLessThan(100)
  })

  it('is unknown at first, and when nothing came for long', () => {
    expect(bytesPerSecond([], 0)).toBeNull()
    expect(bytesPerSecond(every(1, 100), 0)).toBeNull()
    expect(bytesPerSecond(every(5, 100), 60_000)).toBeNull()
  })

  it('starts over when a new try begins', () => {
    const samples = addSample(every(5, 100), { atMs: 5000, bytesDone: 0 })
    expect(samples).toEqual([{ atMs: 5000, bytesDone: 0 }])
  })
})

it('tells the time that is left, or nothing', () => {
  expect(remainingMs(500, 1500, 100)).toBe(10_000)
  expect(remainingMs(500, 1500, 0)).toBeNull()
  expect(remainingMs(500, 1500, null)).toBeNull()
  expect(remainingMs(1600, 1500, 100)).toBe(0)
})

it('does not say 100 % before the last byte', () => {
  expect(percentDone(0, 0)).toBe(0)
  expect(percentDone(999_999, 1_000_000)).toBeLessThan(100)
  expect(percentDone(1_000_000, 1_000_000)).toBe(100)
})
