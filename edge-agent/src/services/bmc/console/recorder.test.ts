import { type ConsoleFrame, maxRecordedFrames, siteEventSchema } from '@dragonfly/schema/wire'
import { expect, test } from 'vitest'
import { createRecorder } from './recorder.ts'

function record(mostBytes?: number) {
  const clock = { now: 1000 }
  const parts: ConsoleFrame[][] = []
  const recorder = createRecorder({
    now: () => clock.now,
    append: (frames) => parts.push(frames),
    ...(mostBytes === undefined ? {} : { mostBytes }),
  })
  const written = () => parts.flat().map(({ data }) => Buffer.from(data, 'base64').toString())
  return { clock, parts, recorder, written }
}

test('gathers what comes within a moment, with the time of its beginning', () => {
  const { clock, parts, recorder, written } = record()
  recorder.data(Buffer.from('Linux '))
  clock.now += 50
  recorder.data(Buffer.from('version'))
  clock.now += 200
  recorder.data(Buffer.from(' 6.1'))
  expect(parts).toEqual([])
  recorder.flush()
  expect(parts[0]?.map(({ at }) => at)).toEqual([1000, 1250])
  expect(written()).toEqual(['Linux version', ' 6.1'])
  recorder.flush()
  expect(parts).toHaveLength(1)
})

test('hands on what has waited for long', () => {
  const { clock, parts, recorder } = record()
  recorder.data(Buffer.from('a'))
  clock.now += 14_000
  recorder.tick()
  expect(parts).toHaveLength(0)
  clock.now += 1000
  recorder.tick()
  expect(parts).toHaveLength(1)
})

test('a flood ends up in parts that the wire takes, with nothing lost', () => {
  const { clock, parts, recorder, written } = record()
  const flood = Buffer.from('0123456789abcdef'.repeat(10_000))
  recorder.data(flood)
  for (let line = 0; line < 2 * maxRecordedFrames; line++) {
    clock.now += 1000
    recorder.data(Buffer.from('.'))
  }
  recorder.flush()
  expect(written().join('')).toBe(`${flood}${'.'.repeat(2 * maxRecordedFrames)}`)
  for (const frames of parts)
    siteEventSchema.parse({ type: 'deployment.console', deploymentId: 'd-1234567', frames })
})

test('ends with a word where a machine writes without end', () => {
  const { recorder, written } = record(10_000)
  for (let step = 0; step < 100; step++) recorder.data(Buffer.alloc(1000, 'x'))
  recorder.flush()
  const all = written().join('')
  expect(all).toMatch(/^x{10000}\r\n\[too much output/)
  expect(all.length).toBeLessThan(10_100)
})
