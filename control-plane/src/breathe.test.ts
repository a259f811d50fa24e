import { afterEach, expect, it, vi } from 'vitest'
import { createBreathe } from './breathe.ts'

afterEach(() => void vi.restoreAllMocks())

it('lets others in when the work has gone on for a while, and not before', async () => {
  // By the test's clock: the computer may have other things to do between two lines.
  let now = 1000
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  let turns = 0
  setTimeout(() => turns++, 0)
  const breathe = createBreathe()
  now += 7
  await breathe()
  expect(turns).toBe(0)
  now += 1
  await breathe()
  expect(turns).toBe(1)
})
