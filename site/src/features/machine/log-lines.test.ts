import { expect, it } from 'vitest'
import type { LogLine } from '../../api/views.ts'
import { appendLines, filterLines, renderLines } from './log-lines.ts'

const line = (id: number, text = `line ${id}`, level: LogLine['level'] = 'info'): LogLine => ({
  id,
  at: id * 1000,
  level,
  text,
  deploymentId: null,
})

it('appends each line once, in order', () => {
  const lines = appendLines([line(1), line(2)], [line(2), line(3)])
  expect(lines.map(({ id }) => id)).toEqual([1, 2, 3])
  expect(appendLines(lines, [line(3)])).toBe(lines)
})

it('hides debug lines, and finds words whatever their case', () => {
  const lines = [line(1, 'Order accepted'), line(2, 'chunk 7', 'debug')]
  expect(filterLines(lines, { text: '', debug: false }).map(({ id }) => id)).toEqual([1])
  expect(filterLines(lines, { text: 'ORDER', debug: true }).map(({ id }) => id)).toEqual([1])
})

it('copies with time and level', () => {
  expect(renderLines([line(1, 'Boom', 'error')])).toBe('1970-01-01T00:00:01.000Z error   Boom')
})
