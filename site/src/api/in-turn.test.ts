import { expect, it } from 'vitest'
import { forEachInTurn } from './in-turn.ts'

it('does it to every one, never to too many at once, and goes on after a failure', async () => {
  const seen: number[] = []
  let running = 0
  let most = 0
  const result = await forEachInTurn(
    Array.from({ length: 40 }, (_, index) => index),
    async (item) => {
      most = Math.max(most, ++running)
      await Promise.resolve()
      running--
      seen.push(item)
      if (item === 3) throw new Error('no')
    },
  )
  expect(seen).toHaveLength(40)
  expect(most).toBeLessThanOrEqual(6)
  expect(result).toMatchObject({ failed: 1, error: new Error('no') })
})
