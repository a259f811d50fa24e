import { expect, it } from 'vitest'
import { formatAgo, formatDuration } from './time.ts'
import { countOf, listOf, separateWords } from './words.ts'

it('tells durations in two units', () => {
  const second = 1000
  expect(formatDuration(0)).toBe('0 s')
  expect(formatDuration(59.9 * second)).toBe('59 s')
  expect(formatDuration(192 * second)).toBe('3 min 12 s')
  expect(formatDuration(3600 * second)).toBe('1 h')
  expect(formatDuration(90_000 * second)).toBe('1 d 1 h')
})

it('tells how long ago in one', () => {
  const now = 1_000_000_000
  expect(formatAgo(now - 3000, now)).toBe('just now')
  expect(formatAgo(now - 250_000, now)).toBe('4 min ago')
  expect(formatAgo(now + 7_200_000, now)).toBe('in 2 h')
})

it('speaks', () => {
  expect(countOf(0, 'machine')).toBe('no machines')
  expect(countOf(1, 'machine')).toBe('1 machine')
  expect(countOf(1200, 'machine')).toBe('1,200 machines')
  expect(listOf(['a', 'b', 'c'])).toBe('a, b and c')
  expect(separateWords('SeatAngleCoverAcoustic')).toBe('seat angle cover acoustic')
})
