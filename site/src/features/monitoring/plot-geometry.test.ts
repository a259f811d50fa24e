import { describe, expect, it } from 'vitest'
import { linePath, nearestPoint, niceStep, timeTicks, valueAxis } from './plot-geometry.ts'

const scale = { x: (at: number) => at, y: (value: number) => value }

describe('an axis', () => {
  it('has round steps', () => {
    expect([niceStep(10, 3), niceStep(412, 3), niceStep(0.7, 3)]).toEqual([5, 200, 0.5])
  })

  it('holds all values, from zero where a sum of power is drawn', () => {
    expect(valueAxis([210, 390], { fromZero: true })).toEqual({ least: 0, most: 400, ticks: [0, 200, 400] })
    expect(valueAxis([21, 24], { fromZero: false })).toMatchObject({ least: 21, most: 24 })
  })

  it('has room when all values are the same, or nothing is drawn', () => {
    for (const value of [0, 200, -5]) {
      const { least, most, ticks } = valueAxis([value], { fromZero: false })
      expect(most).toBeGreaterThan(least)
      expect(ticks.length).toBeLessThan(6)
    }
  })

  it('is labelled at the reader’s full hours, and never crowded', () => {
    const offset = 2 * 3600_000
    const ticks = timeTicks(1_000_000, 1_000_000 + 86_400_000, 6, offset)
    expect(ticks.length).toBeLessThanOrEqual(7)
    for (const tick of ticks) expect((tick + offset) % (6 * 3600_000)).toBe(0)
  })
})

describe('a line', () => {
  it('goes through its points', () => {
    const points = [0, 60, 120].map((at) => ({ at, value: at }))
    expect(linePath(points, 60, scale)).toBe('M0.0 0.0h0.01L60.0 60.0L120.0 120.0')
  })

  it('has a gap where nothing was measured, and goes on over one missing value', () => {
    const points = [
      { at: 0, value: 1 },
      { at: 60, value: null },
      { at: 120, value: 1 },
      { at: 600, value: 1 },
    ]
    expect(linePath(points, 60, scale).match(/M/g)).toHaveLength(2)
  })
})

it('the nearest point is found', () => {
  expect(nearestPoint([{ at: 0 }, { at: 10 }, { at: 20 }], 14)).toBe(1)
})
