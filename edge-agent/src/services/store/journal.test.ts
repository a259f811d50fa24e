import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SiteEvent } from '@dragonfly/schema/wire'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Database } from '../../io/database.ts'
import { openJournal } from './journal.ts'
import { openStore } from './store.ts'

let dir: string
let database: Database
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'edge-journal-'))
  database = await openStore(dir)
})
afterEach(async () => {
  database.close()
  await rm(dir, { recursive: true })
})

const mac = '52:54:00:00:00:01'
const log = (text: string): SiteEvent => ({
  type: 'log',
  machineId: null,
  deploymentId: null,
  mac,
  lines: [{ at: 1, level: 'info', text }],
})
const stage = (attempt: number): SiteEvent => ({
  type: 'deployment.stage',
  deploymentId: 'd1',
  stage: 'firmware',
  attempt,
})
const now = () => 5

test('entries are read back in order; of what was acknowledged, state changes are kept', async () => {
  const journal = await openJournal(database, { now })
  await journal.append(stage(1), log('a'), stage(2))
  const entries = await journal.read(0, 200, 1e6)
  expect(entries.map((entry) => [entry.seq, entry.event.type])).toEqual([
    [1, 'deployment.stage'],
    [2, 'log'],
    [3, 'deployment.stage'],
  ])
  await journal.acknowledge(2)
  expect((await journal.read(0, 200, 1e6)).map((entry) => entry.seq)).toEqual([1, 3])
  expect(journal.depth().entries).toBe(1)
})

test('sequence numbers are never used twice, also after everything was acknowledged', async () => {
  const journal = await openJournal(database, { now })
  await journal.append(stage(1), stage(2))
  await journal.acknowledge(2)
  const reopened = await openJournal(database, { now })
  expect(reopened.journalId).toBe(journal.journalId)
  expect(await reopened.lastSeq()).toBe(2)
  await reopened.append(stage(3))
  expect((await reopened.read(2, 1, 1e6))[0]?.seq).toBe(3)
})

test('a batch stays within its bytes, but never stands still', async () => {
  const journal = await openJournal(database, { now })
  await journal.append(log('x'.repeat(3000)), log('y'.repeat(3000)), log('z'.repeat(3000)))
  expect(await journal.read(0, 200, 7000)).toHaveLength(2)
  expect(await journal.read(0, 200, 10)).toHaveLength(1)
})

test('a full journal loses log lines and says where, but no change of state', async () => {
  const journal = await openJournal(database, { now, limits: { bytes: 1e6, entries: 20 } })
  for (let turn = 1; turn <= 12; turn++) await journal.append(log(`a${turn}`), stage(turn), log(`b${turn}`))
  const entries = await journal.read(0, 200, 1e6)
  const stages = entries.filter((entry) => entry.event.type === 'deployment.stage')
  expect(stages).toHaveLength(12)
  const gaps = entries.flatMap(({ event }) => (event.type === 'journal.gap' ? [event] : []))
  expect(gaps[0]).toEqual({ type: 'journal.gap', from: 1, to: 1 })
  const covered = new Set<number>()
  for (const { from, to } of gaps) for (let seq = from; seq <= to; seq++) covered.add(seq)
  for (const { seq } of entries) covered.add(seq)
  expect(covered.size).toBe(36)
  expect(entries.at(-1)?.event).toEqual(log('b12'))
})

test('a run of log lines that is larger than a frame is split', async () => {
  const journal = await openJournal(database, { now })
  const line = { at: 1, level: 'info' as const, text: 'x'.repeat(4000) }
  await journal.append({
    type: 'log',
    machineId: null,
    deploymentId: null,
    mac,
    lines: Array(400).fill(line),
  })
  const entries = await journal.read(0, 200, 1e9)
  const lines = entries.flatMap(({ event }) => (event.type === 'log' ? event.lines : []))
  expect(entries.length).toBeGreaterThan(1)
  expect(lines).toHaveLength(400)
})

describe('a control plane that was restored from a backup', () => {
  test('hears again what it took since, once and in order, and what came after', async () => {
    const journal = await openJournal(database, { now })
    await journal.append(stage(1), log('a'), stage(2), stage(3))
    await journal.acknowledge(4)
    expect(journal.depth().entries).toBe(0)
    const reopened = await openJournal(database, { now })
    expect(reopened.depth()).toEqual({ entries: 0, bytes: 0 })
    await reopened.acknowledge(1)
    await reopened.append(stage(4))
    expect((await reopened.read(1, 200, 1e6)).map(({ seq }) => seq)).toEqual([3, 4, 5])
    expect(reopened.depth().entries).toBe(3)
    await reopened.acknowledge(5)
    expect(reopened.depth()).toEqual({ entries: 0, bytes: 0 })
  })

  test('is told what nobody keeps any more', async () => {
    let at = 0
    const journal = await openJournal(database, { now: () => at })
    await journal.append(...Array.from({ length: 150 }, (_, index) => stage(index + 1)))
    await journal.acknowledge(150)
    at = 8 * 24 * 3600_000
    await journal.append(...Array.from({ length: 150 }, (_, index) => stage(index + 1)))
    await journal.acknowledge(300)
    await journal.acknowledge(20)
    const entries = await journal.read(20, 1000, 1e6)
    expect(entries.slice(0, 2).map(({ seq }) => seq)).toEqual([151, 152])
    expect(entries.at(-1)?.event).toEqual({ type: 'journal.gap', from: 21, to: 150 })
  })

  test('that names a journal of which it took more than there is gets no entry twice', async () => {
    const journal = await openJournal(database, { now })
    await journal.append(stage(1), stage(2))
    await journal.acknowledge(1)
    await journal.renew()
    expect((await journal.read(0, 200, 1e6)).map(({ seq }) => seq)).toEqual([2])
  })
})
