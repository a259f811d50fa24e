import { describe, expect, it } from 'vitest'
import { createMachine } from '../testing/views.ts'
import { compareMachines, countByStatus, matchesFilter, moveCursor } from './machine-list.ts'

describe('compareMachines', () => {
  it('puts what wants a person first, then what is at work, then the rest by name', () => {
    const machines = [
      createMachine({ name: 'b', status: 'deployed' }),
      createMachine({ name: 'node-10', status: 'ready' }),
      createMachine({ name: 'node-2', status: 'ready' }),
      createMachine({ name: 'd', status: 'deploying' }),
      createMachine({ name: 'e', status: 'discovered' }),
      createMachine({ name: 'f', status: 'failed' }),
    ]
    const names = machines.toSorted(compareMachines).map((machine) => machine.name)
    expect(names).toEqual(['f', 'e', 'd', 'node-2', 'node-10', 'b'])
  })
})

describe('matchesFilter', () => {
  const machine = createMachine({
    name: 'web-01',
    fourWords: 'SeatAngleCoverAcoustic',
    macs: ['bc:24:11:8c:60:10'],
    tags: ['prod'],
    siteId: 's1',
    status: 'ready',
  })

  it.each(['WEB', 'angle', 'prod', 'bc:24:11:8c', 'bc-24-11-8c-60-10', 'bc24.118c.6010', 'web prod'])(
    'finds it by %s',
    (q) => {
      expect(matchesFilter(machine, { q })).toBe(true)
    },
  )

  it.each(['db', 'web staging', 'bc24118c6011', 'beef'])('does not find it by %s', (q) => {
    expect(matchesFilter(machine, { q })).toBe(false)
  })

  it('narrows by status and site', () => {
    expect(matchesFilter(machine, { status: 'ready', site: 's1' })).toBe(true)
    expect(matchesFilter(machine, { status: 'failed' })).toBe(false)
    expect(matchesFilter(machine, { site: 's2' })).toBe(false)
  })
})

it('counts machines by status', () => {
  const counts = countByStatus([createMachine({ status: 'ready' }), createMachine({ status: 'ready' })])
  expect(counts).toMatchObject({ ready: 2, failed: 0 })
})

it('keeps the cursor within the list', () => {
  expect(moveCursor(-1, 1, 3)).toBe(0)
  expect(moveCursor(-1, -1, 3)).toBe(2)
  expect(moveCursor(2, 1, 3)).toBe(2)
  expect(moveCursor(0, -1, 3)).toBe(0)
  expect(moveCursor(0, 1, 0)).toBe(-1)
})
