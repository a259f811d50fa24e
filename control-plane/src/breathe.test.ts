import { expect, it } from 'vitest'
import { createBreathe } from './breathe.ts'

it('lets others in when the work has gone on for a while, and not before', async () => {
  let turns = 0
  setTimeout(() => turns++, 0)
  const breathe = createBreathe()
  await breathe()
  expect(turns).toBe(0)
  const begin = performance.now()
  while (performance.now() - begin < 20) await Promise.resolve()
  expect(turns).toBe(0)
  await breathe()
  expect(turns).toBe(1)
})
