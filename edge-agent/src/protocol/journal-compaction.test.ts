import { expect, test } from 'vitest'
import { type CompactableEntry, planCompaction } from './journal-compaction.ts'

const entry = (seq: number, kind: CompactableEntry['kind'], from?: number): CompactableEntry => ({
  seq,
  kind,
  gap: from === undefined ? null : { from, to: seq },
})

test('a run of droppable entries becomes one gap in its own place', () => {
  const plan = planCompaction([
    entry(1, 'droppable'),
    entry(2, 'droppable'),
    entry(3, 'kept'),
    entry(4, 'droppable'),
  ])
  expect(plan).toEqual({
    deleted: [1],
    gaps: [
      { seq: 2, from: 1, to: 2 },
      { seq: 4, from: 4, to: 4 },
    ],
  })
})

test('a gap grows with what is dropped after it', () => {
  const plan = planCompaction([entry(5, 'gap', 2), entry(6, 'droppable'), entry(7, 'kept')])
  expect(plan).toEqual({ deleted: [5], gaps: [{ seq: 6, from: 2, to: 6 }] })
})

test('nothing is invented where nothing is dropped', () => {
  expect(planCompaction([entry(5, 'gap', 2), entry(6, 'kept')])).toEqual({ deleted: [], gaps: [] })
})
