import { expect, it } from 'vitest'
import { inParts } from './in-parts.ts'

it('names each machine once, a thousand at a time', async () => {
  const machineIds = Array.from({ length: 2001 }, (_, index) => `m${index}`)
  const sizes: number[] = []
  const { items } = await inParts(machineIds, async (part) => {
    sizes.push(part.length)
    return {
      items: part.map((machineId) => ({ machineId, name: null, outcome: 'done', code: null, message: null })),
    }
  })
  expect(sizes).toEqual([1000, 1000, 1])
  expect(items.map(({ machineId }) => machineId)).toEqual(machineIds)
})
