import { expect, test } from 'vitest'
import { fourWords } from './four-words.ts'

test('the four words of a MAC are those that its owner has always seen', () => {
  expect(fourWords('bc:24:11:8c:60:10')).toBe('SeatAngleCoverAcoustic')
})

test('neighbours on the wire get different names', () => {
  expect(fourWords('52:54:00:77:00:01')).not.toBe(fourWords('52:54:00:77:00:02'))
})
