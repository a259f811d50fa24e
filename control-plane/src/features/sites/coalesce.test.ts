import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createCoalesce } from './coalesce.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('acts at once, then once in a while with what was asked for last, and rests when nothing more comes', async () => {
  const coalesce = createCoalesce(1000)
  const done: string[] = []
  const ask = (key: string, what: string) => coalesce(key, async () => done.push(what) > 0)
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

it('does again what failed, until it succeeds or something newer was asked for', async () => {
  const coalesce = createCoalesce(1000)
  const done: string[] = []
  let isDown = true
  const ask = (what: string) => coalesce('attic', async () => done.push(what) > 0 && !isDown)
  await ask('first')
  await vi.advanceTimersByTimeAsync(2000)
  expect(done).toEqual(['first', 'first', 'first'])
  await ask('second')
  await vi.advanceTimersByTimeAsync(1000)
  isDown = false
  await vi.advanceTimersByTimeAsync(10_000)
  expect(done).toEqual(['first', 'first', 'first', 'second', 'second'])
  expect(vi.getTimerCount()).toBe(0)
})

it('does again what failed only after it had rested', async () => {
  const coalesce = createCoalesce(1000)
  const slow = Promise.withResolvers<boolean>()
  const answers = [slow.promise, Promise.resolve(true)]
  let tries = 0
  const asked = coalesce('attic', async () => (await answers[tries++]) ?? true)
  await vi.advanceTimersByTimeAsync(5000)
  slow.resolve(false)
  await asked
  await vi.advanceTimersByTimeAsync(1000)
  expect(tries).toBe(2)
  await vi.advanceTimersByTimeAsync(1000)
  expect(vi.getTimerCount()).toBe(0)
})
