import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, createClient } from '@libsql/client'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createEmbeddedClient, onlyReads, openSplitClient } from './embedded-client.ts'
import { openConnection } from './embedded-connection.ts'
import { writeGroup } from './write-groups.ts'

// On a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let dir: string
let path: string
const closing: (() => unknown)[] = []

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'dragonfly-database-'))
  path = join(dir, 'test.db')
  const client = createEmbeddedClient(openConnection(path, { timeoutMs: 500 }))
  await client.execute('pragma journal_mode = wal')
  await client.execute('create table t (id integer primary key, name text unique, value any)')
  client.close()
})
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  await rm(dir, { recursive: true })
})

function openSplit(): Client {
  const { client, close } = openSplitClient(path)
  closing.push(close)
  return client
}

function openAlone(): Client {
  const client = createEmbeddedClient(openConnection(path, { timeoutMs: 500 }))
  closing.push(() => client.close())
  return client
}

describe.each([
  ['a client of one connection', openAlone],
  ['a client that writes in a thread', openSplit],
])('%s', (_name, open) => {
  it('gives back what was written, by number and by name', async () => {
    const client = open()
    const bytes = new Uint8Array([1, 2, 3]).buffer
    for (const value of ['text', 7, 2.5, 1_790_000_000_000, null, bytes, true])
      await client.execute({ sql: 'insert into t (value) values (?)', args: [value] })
    const { rows, columns } = await client.execute('select value, id, id + 1 as id from t order by t.id')
    expect(columns).toEqual(['value', 'id', 'id'])
    expect(rows.map((row) => row.value)).toEqual(['text', 7, 2.5, 1_790_000_000_000, null, bytes, 1])
    expect(Array.from(rows[1] ?? [])).toEqual([7, 2, 3])
    expect(Object.keys(rows[1] ?? {}).sort()).toEqual(['id', 'value'])
    expect(rows[1]?.id).toBe(2)
  })

  it('says what a statement changed, and what it returns', async () => {
    const client = open()
    expect(await client.execute("insert into t (name) values ('a'), ('b')")).toMatchObject({
      rowsAffected: 2,
    })
    const { rows } = await client.execute("update t set value = 1 where name = 'b' returning id, name")
    expect(rows.map((row) => [row[0], row.name])).toEqual([[2, 'b']])
  })

  it('runs a batch all or not at all, and tells the code of what was refused', async () => {
    const client = open()
    await client.execute("insert into t (name) values ('a')")
    const refused = client.batch(["insert into t (name) values ('b')", "insert into t (name) values ('a')"])
    await expect(refused).rejects.toMatchObject({
      code: 'SQLITE_CONSTRAINT',
      extendedCode: 'SQLITE_CONSTRAINT_UNIQUE',
    })
    expect((await client.execute('select count(*) from t')).rows[0]?.[0]).toBe(1)
    const [, counted] = await client.batch(["insert into t (name) values ('b')", 'select count(*) from t'])
    expect(counted?.rows[0]?.[0]).toBe(2)
  })

  it('is refused while another process writes for too long, and goes on afterwards', async () => {
    const client = open()
    await client.execute("insert into t (name) values ('a')")
    const other = createClient({ url: `file:${path}` })
    const transaction = await other.transaction('write')
    const write = () => client.execute("insert into t (name) values ('b')")
    await expect(write()).rejects.toMatchObject({ code: 'SQLITE_BUSY' })
    expect((await client.execute('select count(*) from t')).rows[0]?.[0]).toBe(1)
    transaction.close()
    other.close()
    await write()
    await client.batch(["insert into t (name) values ('c')"])
    expect((await client.execute('select count(*) from t')).rows[0]?.[0]).toBe(3)
  })

  it('rejects what comes after its end', async () => {
    const client = open()
    for (const close of closing.splice(0)) await close()
    await expect(client.execute('select 1')).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
    await expect(client.execute("insert into t (name) values ('a')")).rejects.toMatchObject({
      code: 'CLIENT_CLOSED',
    })
  })
})

it('has written what was asked for before its end, in the order of asking', async () => {
  const client = openSplit()
  const writes = Array.from({ length: 300 }, (_, index) =>
    client.execute({ sql: 'insert into t (value) values (?)', args: [index] }),
  )
  for (const close of closing.splice(0)) await close()
  await Promise.all(writes)
  const { rows } = await openAlone().execute('select value from t order by id')
  expect(rows.map((row) => row[0])).toEqual(Array.from({ length: 300 }, (_, index) => index))
})

it('sees a write as soon as it is answered', async () => {
  const client = openSplit()
  for (let index = 1; index <= 50; index++) {
    await client.execute({ sql: 'insert into t (value) values (?)', args: [index] })
    expect((await client.execute('select count(*) from t')).rows[0]?.[0]).toBe(index)
  }
})

it('writes jobs in one transaction, and one that is refused takes no other with it', () => {
  const connection = openConnection(path, { timeoutMs: 500 })
  closing.push(() => connection.close())
  const insert = (name: string) => ({ sql: 'insert into t (name) values (?)', args: [name] })
  const outcomes = writeGroup(connection, [
    { id: 1, statements: [insert('a')] },
    { id: 2, statements: [insert('b'), insert('a')] },
    { id: 3, statements: [insert('b')] },
  ])
  expect(outcomes.map(({ id, error }) => [id, error?.code ?? null])).toEqual([
    [1, null],
    [2, 'SQLITE_CONSTRAINT'],
    [3, null],
  ])
  const { rows } = connection.run({ sql: 'select name from t order by id', args: [] })
  expect(rows).toEqual([['a'], ['b']])
})

it('writes the jobs one by one when one of them ends the transaction for all', () => {
  const connection = openConnection(path, { timeoutMs: 500 })
  closing.push(() => connection.close())
  const insert = (name: string) => ({ sql: 'insert or rollback into t (name) values (?)', args: [name] })
  const jobs = [
    { id: 1, statements: [insert('a')] },
    { id: 2, statements: [insert('a')] },
    { id: 3, statements: [insert('b')] },
  ]
  const outcomes = []
  while (jobs.length > 0) outcomes.push(...jobs.splice(0, writeGroup(connection, jobs).length))
  expect(outcomes.map(({ id }) => id)).toEqual([1, 2, 3])
  expect(connection.run({ sql: 'select name from t order by id', args: [] }).rows).toEqual([['a'], ['b']])
  expect(connection.isInTransaction()).toBe(false)
})

it.each([
  ['select 1', true],
  ['  SELECT * from t', true],
  ['with a as (select 1) select * from a', true],
  ['with a as (select 1) insert into t select * from a', false],
  ['insert into t default values', false],
  ['update t set value = 1 returning *', false],
  ['pragma user_version = 3', false],
  ['vacuum', false],
])('knows what only reads: %s', (sql, expected) => {
  expect(onlyReads(sql)).toBe(expected)
})
