import { describe, expect, test } from 'vitest'
import { cipherSuites } from './cipher-suite.ts'
import type { Session } from './handshake.ts'
import { acceptSequence, SessionTable } from './session-table.ts'

const [suite] = cipherSuites
if (!suite) throw new Error('there is a suite')
const remote = { address: '127.0.0.1', port: 1 }
const wanted = { remoteId: 1, suite, privilegeLimit: 4, remote }

function createTable(slots: number) {
  const ended: number[] = []
  const clock = { nowMs: 0 }
  const table = new SessionTable({
    slots,
    now: () => clock.nowMs,
    firstId: 1,
    onEnd: (session) => void ended.push(session.id),
  })
  return { table, clock, ended }
}

describe('SessionTable', () => {
  test('has so many slots; a login that goes no further gives its own back', () => {
    const { table, clock, ended } = createTable(2)
    const first = table.open(wanted)
    table.open(wanted)
    expect(table.open(wanted)).toBeUndefined()
    clock.nowMs = 10_001
    expect(table.open(wanted)).toBeDefined()
    expect(ended).toContain(first?.id)
  })

  test('a session that is up ends after a minute without a word', () => {
    const { table, clock } = createTable(1)
    const session = table.open(wanted) as Session
    session.keys = { suite, integrity: Buffer.alloc(20), aes: Buffer.alloc(16) }
    clock.nowMs = 59_000
    expect(table.find(session.id)).toBe(session)
    clock.nowMs = 60_001
    expect(table.find(session.id)).toBeUndefined()
  })
})

describe('acceptSequence', () => {
  function accepted(...sequences: number[]): boolean[] {
    const session = { inboundSequence: 0, inboundSeen: 0 } as Session
    return sequences.map((sequence) => acceptSequence(session, sequence))
  }

  test('takes each number once, in any order within the window', () => {
    expect(accepted(3, 5, 4, 4, 3, 5, 6)).toEqual([true, true, true, false, false, false, true])
  })

  test('takes nothing that is too far ahead or behind, nor zero', () => {
    expect(accepted(100, 116, 115, 98, 99, 0)).toEqual([true, false, true, false, true, false])
  })

  test('goes on behind the largest number', () => {
    expect(accepted(0xfffffffe, 0xffffffff, 1, 2, 0xffffffff)).toEqual([true, true, true, true, false])
  })
})
