import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createEventBatch } from './event-batch.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function startBatch() {
  const posted: number[][] = []
  return { posted, ...createEventBatch<number>(50, (events) => posted.push(events)) }
}

it('posts the first event at once, and those that follow it together', () => {
  const { posted, add } = startBatch()
  for (const event of [1, 2, 3]) add(event)
  expect(posted).toEqual([[1]])
  vi.advanceTimersByTime(50)
  expect(posted).toEqual([[1], [2, 3]])
  add(4)
  vi.advanceTimersByTime(49)
  expect(posted).toHaveLength(2)
  vi.advanceTimersByTime(1)
  expect(posted).toEqual([[1], [2, 3], [4]])
})

it('posts at once again after a pause', () => {
  const { posted, add } = startBatch()
  add(1)
  vi.advanceTimersByTime(50)
  add(2)
  expect(posted).toEqual([[1], [2]])
  expect(vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(50)
  expect(vi.getTimerCount()).toBe(0)
})

it('posts a hundred at a time, and what waits when it is asked to', () => {
  const { posted, add, flush } = startBatch()
  for (let event = 0; event < 151; event++) add(event)
  expect(posted.map(({ length }) => length)).toEqual([1, 100])
  flush()
  expect(posted.at(-1)).toHaveLength(50)
  flush()
  vi.advanceTimersByTime(500)
  expect(posted).toHaveLength(3)
})
