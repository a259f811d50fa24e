import { expect, test } from 'vitest'
import { createSerialQueue } from './serial-queue.ts'

test('work runs one after the other, and a failure does not hold up what follows', async () => {
  const queue = createSerialQueue()
  const log: string[] = []
  const failing = queue.add(async () => {
    log.push('first begins')
    await Promise.resolve()
    log.push('first ends')
    throw new Error('no')
  })
  const second = queue.add(async () => {
    log.push('second')
    return 2
  })
  await expect(failing).rejects.toThrow('no')
  expect(await second).toBe(2)
  expect(log).toEqual(['first begins', 'first ends', 'second'])
})

test('settled waits for what running work adds', async () => {
  const queue = createSerialQueue()
  const log: string[] = []
  void queue.add(async () => void queue.add(async () => void log.push('added meanwhile')))
  await queue.settled()
  expect(log).toEqual(['added meanwhile'])
})
