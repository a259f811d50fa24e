import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createCoalesce } from './coalesce.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('acts at once, then once in a while with what was asked for last, and rests when nothing more comes', async () => {
  const coalesce = createCoalesce(1000)
  const done: string[] = []
  const ask = (key: string, what: string) => coalesce(key, async () => void done.push(what))
  await ask('attic', 'a1')
  for (let count = 2; count <= 500; count++) await ask('attic', `a${count}`)
  await ask('cellar', 'c1')
  expect(done).toEqual(['a1', 'c1'])
  await vi.advanceTimersByTimeAsync(999)
  expect(done).toEqual(['a1', 'c1'])
  await vi.advanceTimersByTimeAsync(1)
  expect(done).toEqual(['a1', 'c1', 'a500'])
  await ask('attic', 'a501')
  await vi.advanceTimersByTimeAsync(1000)
  expect(done).toEqual(['a1', 'c1', 'a500', 'a501'])
  await vi.advanceTimersByTimeAsync(10_000)
  expect(vi.getTimerCount()).toBe(0)
  await ask('attic', 'a502')
  expect(done.at(-1)).toBe('a502')
})
