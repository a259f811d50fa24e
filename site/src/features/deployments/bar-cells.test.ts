import { describe, expect, it } from 'vitest'
import { createDeployment } from '../testing/views.ts'
import { arcPoints, createBarCells, summariseCells } from './bar-cells.ts'

const minuteMs = 60_000

function finished(id: string, createdAt: number, durationMs: number) {
  return createDeployment({
    deploymentId: id,
    createdAt,
    startedAt: createdAt,
    endedAt: createdAt + durationMs,
    status: 'deployed',
  })
}

describe('createBarCells', () => {
  it('shows the newest hundred, the oldest of them first', () => {
    const deployments = Array.from({ length: 130 }, (_, index) => finished(`d${index}`, index, minuteMs))
    const cells = createBarCells(deployments, 0)
    expect(cells).toHaveLength(100)
    expect(cells.at(0)?.deploymentId).toBe('d30')
    expect(cells.at(-1)?.deploymentId).toBe('d129')
  })

  it('makes slow ones high and quick ones bright', () => {
    const [quick, slow] = createBarCells([finished('a', 1, minuteMs), finished('b', 2, 9 * minuteMs)], 0)
    expect(slow?.height).toBeGreaterThan(quick?.height ?? 1)
    expect(quick?.brightness).toBeGreaterThan(slow?.brightness ?? 1)
  })

  it('is not flattened by one that took hours', () => {
    const usual = Array.from({ length: 40 }, (_, index) =>
      finished(`d${index}`, index, (index % 2 ? 3 : 6) * minuteMs),
    )
    const cells = createBarCells([...usual, finished('long', 99, 400 * minuteMs)], 0)
    const heights = cells.slice(0, 40).map((cell) => cell.height)
    expect(Math.max(...heights) - Math.min(...heights)).toBeGreaterThan(0.5)
    expect(cells.every((cell) => cell.height > 0 && cell.height <= 1)).toBe(true)
  })

  it('copes with none, and with one that was never seen', () => {
    expect(createBarCells([], 0)).toEqual([])
    expect(createBarCells([createDeployment({ status: 'armed' })], 0)[0]).toMatchObject({ durationMs: null })
  })
})

it('averages the good ones only', () => {
  const cells = createBarCells(
    [
      finished('a', 1, minuteMs),
      finished('b', 2, 3 * minuteMs),
      { ...finished('c', 3, 60 * minuteMs), status: 'failed' },
      createDeployment({ deploymentId: 'd', createdAt: 4, status: 'running', startedAt: 4 }),
    ],
    10,
  )
  expect(summariseCells(cells)).toEqual({
    deployed: 2,
    failed: 1,
    aborted: 0,
    active: 1,
    averageMs: 2 * minuteMs,
  })
})

it('draws the same arc for the same seed, within the strip', () => {
  const cells = createBarCells([finished('a', 1, minuteMs), finished('b', 2, 3 * minuteMs)], 0)
  expect(arcPoints(cells, 1)).toBe(arcPoints(cells, 1))
  expect(arcPoints(cells, 1)).not.toBe(arcPoints(cells, 2))
  for (const point of arcPoints(cells, 1).split(' ')) {
    const [x = -1, y = -1] = point.split(',').map(Number)
    expect(Math.min(x, y)).toBeGreaterThanOrEqual(0)
    expect(Math.max(x, y)).toBeLessThanOrEqual(100)
  }
})
