import { expect, it } from 'vitest'
import { openTestDatabase } from './testing/node-test-deps.ts'
import { addressBlock, createTries } from './tries.ts'

it('counts in the database: for every process, and over restarts', async () => {
  const db = await openTestDatabase()
  const clock = { now: 1_000_000 }
  const [one, other] = [createTries(db, () => clock.now), createTries(db, () => clock.now)]
  const limit = { key: 'ada', most: 3, windowMs: 60_000 }
  expect([await one.take(limit), await other.take(limit), await one.take(limit)]).toEqual([true, true, true])
  expect(await other.take(limit)).toBe(false)
  expect(await other.take({ ...limit, key: 'eve' })).toBe(true)
  clock.now += 59_999
  expect(await one.take(limit)).toBe(false)
  clock.now += 1
  expect(await one.take(limit)).toBe(true)
})

it('lets no more through when they come at once', async () => {
  const db = await openTestDatabase()
  const tries = createTries(db, () => 0)
  const all = await Promise.all(
    Array.from({ length: 20 }, () => tries.take({ key: 'ada', most: 5, windowMs: 60_000 })),
  )
  expect(all.filter(Boolean)).toHaveLength(5)
})

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:aaaa::1', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::ffff', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  [null, 'unknown'],
])('%s counts as %s', (address, block) => {
  expect(addressBlock(address)).toBe(block)
})
