import { edgeFrameSchema } from '@dragonfly/schema/wire'
import { expect, test } from 'vitest'
import { createSampleBatches } from './sample-batches.ts'

const readings = { powerWatts: 210, inletCelsius: 22, hottestCelsius: 61 }

test('a minute is told once it is over, with the last reading of each machine', () => {
  const batches = createSampleBatches()
  batches.tick(0)
  batches.take('a', readings, 1000)
  batches.take('a', { ...readings, powerWatts: 230 }, 40_000)
  batches.take('b', readings, 59_000)
  batches.tick(59_999)
  expect(batches.frames()).toEqual([])
  batches.tick(60_000)
  const frames = batches.frames()
  expect(frames).toEqual([
    {
      type: 'samples',
      at: 0,
      samples: [
        { machineId: 'a', ...readings, powerWatts: 230 },
        { machineId: 'b', ...readings },
      ],
    },
  ])
  expect(edgeFrameSchema.safeParse(frames[0]).success).toBe(true)
  expect(batches.frames()).toEqual([])
})

test('a reading that is a little late leaves no hole, and one that is old is none', () => {
  const batches = createSampleBatches()
  batches.tick(0)
  batches.take('a', readings, 1000)
  const told = [1, 2, 3, 4].map((minute) => {
    batches.tick(minute * 60_000)
    return batches.frames().length
  })
  expect(told).toEqual([1, 1, 0, 0])
})

test('what waits for the tunnel is bounded, the newest stays', () => {
  const batches = createSampleBatches()
  for (let minute = 0; minute < 100; minute++) {
    batches.tick(minute * 60_000)
    batches.take('a', readings, minute * 60_000)
  }
  const frames = batches.frames()
  expect(frames).toHaveLength(15)
  expect(frames.at(-1)).toMatchObject({ at: 98 * 60_000 })
})

test('thousands of machines are several frames, each below what the wire allows', () => {
  const batches = createSampleBatches()
  batches.tick(0)
  for (let i = 0; i < 5000; i++) batches.take(`01jd${String(i).padStart(22, '0')}`, readings, 0)
  batches.tick(60_000)
  const frames = batches.frames()
  expect(frames).toHaveLength(3)
  for (const frame of frames) expect(JSON.stringify(frame).length).toBeLessThan(1024 * 1024)
})
