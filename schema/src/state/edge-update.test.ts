import { expect, it } from 'vitest'
import { judgeUpdate, updateOverdueMs } from './edge-update.ts'

const asked = { wanted: '0.9.2', askedAt: 1000, isFetching: false }

it('waits for an edge that was told to update, and not for ever', () => {
  expect(judgeUpdate({ ...asked, wanted: null }, 1000 + updateOverdueMs)).toBe('none')
  expect(judgeUpdate(asked, 999 + updateOverdueMs)).toBe('under-way')
  expect(judgeUpdate(asked, 1000 + updateOverdueMs)).toBe('overdue')
})

it('is patient while bytes arrive', () => {
  expect(judgeUpdate({ ...asked, isFetching: true }, 1000 + 2 * updateOverdueMs)).toBe('under-way')
})

it('gives up on one of which nobody knows when it was asked', () => {
  expect(judgeUpdate({ ...asked, askedAt: null }, updateOverdueMs)).toBe('overdue')
})
