import { machineMacs, settings, tries } from '@dragonfly/schema/db'
import { eq, like, sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isConstraint, runBatch, runGuardedBatch } from '../batch.ts'
import type { Database } from '../database.ts'
import {
  claimSetting,
  readOrCreateSetting,
  readSetting,
  type SettingKey,
} from '../features/settings/settings.ts'

/** Two ways to one database that is up to date: of two processes, or the same twice where there is one. */
export interface OpenedDatabase {
  one: Database
  other: Database
  close(): Promise<void>
}

/** What the features take for granted of every database: each platform's, by each of its drivers. */
export function describeDatabase(name: string, open: () => Promise<OpenedDatabase>): void {
  describe(`the database: ${name}`, { timeout: 60_000 }, () => {
    let opened: OpenedDatabase
    beforeAll(async () => {
      opened = await open()
    }, 60_000)
    afterAll(() => opened.close())
    describeStatements(() => opened)
    describeBatches(() => opened)
    describeWriters(() => opened)
  })
}

let keys = 0
/** A name that no other test has. */
const freshKey = () => `key-${++keys}`
const row = (keyHash: string, count = 0) => ({ keyHash, count, expiresAt: 1 })

async function countOf(db: Database, keyHash: string): Promise<number | undefined> {
  const [found] = await db.select().from(tries).where(eq(tries.keyHash, keyHash))
  return found?.count
}

function describeStatements(opened: () => OpenedDatabase): void {
  it('gives back what it was given: long, foreign, large, and nothing', async () => {
    const { one, other } = opened()
    const texts = ['', '🧸 ⚡ 🚀 naïve', "'; drop table settings; --", 'x'.repeat(1_000_000)]
    for (const text of texts) {
      const [kept] = await one.all<{ text: string }>(sql`select ${text} as text`)
      expect(kept?.text === text).toBe(true)
    }
    const key = freshKey()
    await one.insert(tries).values({ keyHash: key, count: 0, expiresAt: Number.MAX_SAFE_INTEGER })
    const [found] = await other.select().from(tries).where(eq(tries.keyHash, key))
    expect(found?.expiresAt).toBe(Number.MAX_SAFE_INTEGER)
    expect(await readSetting(one, 'recovery-key')).toBe(null)
  })

  it('refuses a statement by a constraint in a way that is known as one', async () => {
    const { one } = opened()
    const key = freshKey()
    await one.insert(tries).values(row(key))
    const twice = await one
      .insert(tries)
      .values(row(key))
      .catch((error: unknown) => error)
    expect(isConstraint(twice)).toBe(true)
    const nonsense = await one.run(sql`select * from no_such_table`).catch((error: unknown) => error)
    expect(nonsense).toBeInstanceOf(Error)
    expect(isConstraint(nonsense)).toBe(false)
  })

  it('refuses a row that refers to nothing, by whichever way', async () => {
    const { one, other } = opened()
    const orphan = { mac: '52:54:00:00:00:01', machineId: 'no-such-machine', siteId: 'no-such-site' }
    for (const db of [one, other]) {
      const statement = db.insert(machineMacs).values(orphan)
      expect(await runGuardedBatch(db, [statement])).toBe(false)
      const refused = await statement.catch((error: unknown) => error)
      expect(isConstraint(refused)).toBe(true)
    }
  })
}

function describeBatches(opened: () => OpenedDatabase): void {
  it('carries a batch out in its order, and answers each statement', async () => {
    const { one } = opened()
    const key = freshKey()
    const [, before, changed, after] = await one.batch([
      one.insert(tries).values(row(key)),
      one.select().from(tries).where(eq(tries.keyHash, key)),
      one
        .update(tries)
        .set({ count: sql`${tries.count} + 5` })
        .where(eq(tries.keyHash, key))
        .returning({ count: tries.count }),
      one.select().from(tries).where(eq(tries.keyHash, key)),
    ])
    expect([before[0]?.count, changed[0]?.count, after[0]?.count]).toEqual([0, 5, 5])
  })

  it('takes all of a batch back when one of its statements fails, wherever it stands', async () => {
    const { one, other } = opened()
    for (const failing of [0, 1, 2, 3]) {
      const [taken, prefix] = [freshKey(), freshKey()]
      await one.insert(tries).values(row(taken, 7))
      const statements = [1, 2, 3].map((index) => one.insert(tries).values(row(`${prefix} ${index}`)))
      statements.splice(failing, 0, one.insert(tries).values(row(taken)))
      expect(await runGuardedBatch(one, statements)).toBe(false)
      expect(
        await other
          .select()
          .from(tries)
          .where(like(tries.keyHash, `${prefix} %`)),
      ).toEqual([])
      expect(await countOf(other, taken)).toBe(7)
      // And goes on working.
      await runBatch(one, [one.insert(tries).values(row(prefix))])
      expect(await countOf(other, prefix)).toBe(0)
    }
  })

  it('takes a batch back that fails for another reason than a constraint, and says so', async () => {
    const { one, other } = opened()
    const key = freshKey()
    const failing = runBatch(one, [
      one.insert(tries).values(row(key)),
      one.run(sql`insert into no_such_table values (1)`),
    ])
    await expect(failing).rejects.toThrow()
    expect(await countOf(other, key)).toBe(undefined)
  })

  it('shows nobody the half of a batch', async () => {
    const { one, other } = opened()
    const [from, to] = [freshKey(), freshKey()]
    await runBatch(one, [one.insert(tries).values(row(from, 1000)), one.insert(tries).values(row(to))])
    const move = (key: string, by: number) =>
      one
        .update(tries)
        .set({ count: sql`${tries.count} + ${by}` })
        .where(eq(tries.keyHash, key))
    const moves = Array.from({ length: 15 }, () => runBatch(one, [move(from, -1), move(to, 1)]))
    const looks = Array.from({ length: 15 }, () =>
      other
        .select({ sum: sql<number>`sum(${tries.count})` })
        .from(tries)
        .where(sql`${tries.keyHash} in (${from}, ${to})`),
    )
    const [seen] = await Promise.all([Promise.all(looks), Promise.all(moves)])
    expect(new Set(seen.map(([found]) => found?.sum))).toEqual(new Set([1000]))
    expect(await countOf(one, to)).toBe(15)
  })
}

function describeWriters(opened: () => OpenedDatabase): void {
  it('loses no change of many who write at once', async () => {
    const { one } = opened()
    const key = freshKey()
    await one.insert(tries).values(row(key))
    const add = () =>
      one
        .update(tries)
        .set({ count: sql`${tries.count} + 1` })
        .where(eq(tries.keyHash, key))
    await Promise.all(
      Array.from({ length: 40 }, (_, index) => (index % 2 ? add() : runBatch(one, [add(), add()]))),
    )
    expect(await countOf(one, key)).toBe(60)
  })

  it('gives what only one can have to one of many, and all the same answer', async () => {
    const { one } = opened()
    const [claimed, made] = [freshKey(), freshKey()] as string[] as SettingKey[]
    if (!claimed || !made) throw new Error('two keys')
    const claims = await Promise.all(
      Array.from({ length: 12 }, (_, index) => claimSetting(one, claimed, String(index))),
    )
    expect(claims.filter(Boolean)).toHaveLength(1)
    expect(await readSetting(one, claimed)).toBe(String(claims.indexOf(true)))
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => readOrCreateSetting(one, made, () => String(index))),
    )
    expect(new Set(answers).size).toBe(1)
  })

  it('waits for, or refuses whole, who writes while another process holds it, and works afterwards', async () => {
    const { one, other } = opened()
    // One connection cannot stand in its own way.
    if (one === other) return
    const [held, first, second, beside] = [freshKey(), freshKey(), freshKey(), freshKey()]
    const gate = Promise.withResolvers<void>()
    const isHeld = Promise.withResolvers<void>()
    const holding = other.transaction(async (transaction) => {
      await transaction.insert(tries).values(row(held))
      isHeld.resolve()
      await gate.promise
    })
    await isHeld.promise
    // What stands there afterwards: 0 if it was written, nothing if it was refused. A server may end who holds too long.
    const outcomes = [
      holding,
      runBatch(
        one,
        [first, second].map((key) => one.insert(tries).values(row(key))),
      ),
      one.insert(tries).values(row(beside)),
    ].map((writing) =>
      writing.then(
        () => 0,
        () => undefined,
      ),
    )
    // Who reads is not held up, and does not see what is not done.
    expect(await countOf(one, held)).toBe(undefined)
    gate.resolve()
    const [holder, batch, single] = await Promise.all(outcomes)
    const keysWritten = await Promise.all([held, first, second, beside].map((key) => countOf(one, key)))
    expect(keysWritten).toEqual([holder, batch, batch, single])
    // On the connection that follows one that was refused, too.
    expect(await one.all(sql`pragma foreign_keys`)).toEqual([{ foreign_keys: 1 }])
    const again = freshKey()
    await runBatch(one, [
      one.insert(tries).values(row(again)),
      one.insert(settings).values({ key: again, value: '' }),
    ])
    expect(await countOf(other, again)).toBe(0)
  })

  it('leaves nothing of a transaction that another process gave up', async () => {
    const { one, other } = opened()
    if (one === other) return
    const key = freshKey()
    const givenUp = other.transaction(async (transaction) => {
      await transaction.insert(tries).values(row(key))
      throw new Error('given up')
    })
    await expect(givenUp).rejects.toThrow('given up')
    expect(await countOf(one, key)).toBe(undefined)
    await one.insert(tries).values(row(key))
  })
}
