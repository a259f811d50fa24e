import {
  bmcs,
  deploymentEvents,
  deployments,
  edges,
  machineMacs,
  machineRoles,
  machines,
  machineTags,
  passkeys,
  rackSlots,
  racks,
  settings,
  sites,
} from '@dragonfly/schema/db'
import { eq, sql } from 'drizzle-orm'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Statement } from '../../batch.ts'
import type { Database } from '../../database.ts'
import { countStatements } from '../../testing/count-statements.ts'
import { createHarness, createTeller, type Harness } from '../../testing/harness.ts'
import { type Populated, populate, populatedMachineId } from '../../testing/populate.ts'
import { createMachineList, createTurns } from './machine-list.ts'

let harness: Harness
let ids: Populated
beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
  const { userId } = (await harness.call('GET', '/api/v1/me')).body
  ids = await populate(harness.deps.db, 6, userId, harness.clock.now)
})

const list = (query = '', headers: Record<string, string> = {}) =>
  harness.call('GET', `/api/v1/machines${query}`, undefined, headers)

/** What a list that was never kept says. */
async function readAnew(): Promise<string> {
  const { body } = await createMachineList((work) => work()).answer(harness.deps, {}, null)
  return new TextDecoder().decode(body)
}

describe('the list of machines', () => {
  it('is answered by 304 to who has it, until something in it changes', async () => {
    const first = await list()
    expect(first.headers.get('cache-control')).toBe('private, no-cache')
    const etag = first.headers.get('etag') ?? ''
    expect((await list('', { 'if-none-match': etag })).status).toBe(304)
    expect((await list('', { 'if-none-match': `"other", W/${etag}` })).status).toBe(304)
    await harness.call('PATCH', `/api/v1/machines/${ids.machineId}`, { name: 'anew' })
    const after = await list('', { 'if-none-match': etag })
    expect(after.status).toBe(200)
    expect(after.headers.get('etag')).not.toBe(etag)
    expect(JSON.stringify(after.body)).toContain('anew')
  })

  const one = (id: string) => eq(machines.machineId, id)
  const writes: Record<string, (db: Database, machineId: string) => Statement> = {
    'a name': (db, id) => db.update(machines).set({ name: 'x' }).where(one(id)),
    'when it was seen': (db, id) => db.update(machines).set({ lastSeenAt: 5 }).where(one(id)),
    'a lock': (db, id) => db.update(machines).set({ lockedAt: 5, lockedBy: 'Ada' }).where(one(id)),
    'a machine that is gone': (db, id) => db.delete(machines).where(one(id)),
    'a MAC address': (db, id) =>
      db.update(machineMacs).set({ mac: '52:54:00:ff:ff:ff' }).where(eq(machineMacs.machineId, id)),
    'a MAC address that is gone': (db, id) => db.delete(machineMacs).where(eq(machineMacs.machineId, id)),
    'a tag': (db, id) => db.insert(machineTags).values({ machineId: id, tag: 'new' }),
    'a tag that is gone': (db, id) => db.delete(machineTags).where(eq(machineTags.machineId, id)),
    'a role': (db, id) => db.insert(machineRoles).values({ machineId: id, role: 'new' }),
    'a role that is gone': (db, id) => db.delete(machineRoles).where(eq(machineRoles.machineId, id)),
    'a MAC address that another machine takes': (db, id) =>
      db
        .update(machineMacs)
        .set({ machineId: populatedMachineId(3) })
        .where(eq(machineMacs.machineId, id)),
    power: (db, id) => db.update(bmcs).set({ powerState: 'off' }).where(eq(bmcs.machineId, id)),
    'a BMC that is gone': (db, id) => db.delete(bmcs).where(eq(bmcs.machineId, id)),
    'a place in a rack': (db, id) => db.update(rackSlots).set({ unit: 7 }).where(eq(rackSlots.machineId, id)),
    'a place that is gone': (db, id) => db.delete(rackSlots).where(eq(rackSlots.machineId, id)),
    'a name of racks': (db) => db.update(racks).set({ name: 'x' }),
    'racks that are gone': (db) => db.delete(racks),
    'a name of a site': (db) => db.update(sites).set({ name: 'x' }),
    'a switch of a site': (db) => db.update(sites).set({ reimage: 'off' }),
    'a site that is gone': (db) => db.delete(sites),
    'the organisation’s switch': (db) => db.insert(settings).values({ key: 'reimage', value: 'off' }),
    'a stage of its deployment': (db, id) =>
      db.update(deployments).set({ stage: 'writing', status: 'failed' }).where(eq(deployments.machineId, id)),
    'a deployment that is gone': (db, id) => db.delete(deployments).where(eq(deployments.machineId, id)),
    'a line of a timeline': (db) =>
      db
        .update(deploymentEvents)
        .set({ note: 'x' })
        .where(eq(deploymentEvents.deploymentId, ids.deploymentId)),
    'a line of a timeline that is gone': (db) => db.delete(deploymentEvents),
  }

  it.each(Object.keys(writes))('shows at the next request what was written by whomever: %s', async (name) => {
    const before = (await list()).body
    const statement = writes[name]?.(harness.deps.db, ids.machineId)
    await statement
    const after = (await list()).body
    expect(JSON.stringify(after)).toBe(await readAnew())
    expect(after).not.toEqual(before)
  })

  it('shows at the next request that the edges heard of a lock', async () => {
    await harness.deps.db.update(machines).set({ lockedAt: 5, lockVersion: 7 }).where(one(ids.machineId))
    expect((await list()).body.items.some((item: { lockConfirmed: boolean }) => item.lockConfirmed)).toBe(
      false,
    )
    await harness.deps.db.update(edges).set({ appliedVersion: 99 })
    expect((await list()).body.items.some((item: { lockConfirmed: boolean }) => item.lockConfirmed)).toBe(
      true,
    )
    await harness.deps.db.update(edges).set({ appliedVersion: 0 })
    expect((await list()).body.items.some((item: { lockConfirmed: boolean }) => item.lockConfirmed)).toBe(
      false,
    )
    await harness.deps.db.delete(edges)
    expect(JSON.stringify((await list()).body)).toBe(await readAnew())
  })

  it('shows readings and progress at the next request', async () => {
    await list()
    const edge = await harness.enrol(ids.siteId)
    const { tunnel, tell } = await createTeller(harness, edge)
    const { machineId } = ids
    const sample = { machineId, powerWatts: 123, inletCelsius: 21, hottestCelsius: 50 }
    tunnel.send({ type: 'samples', at: harness.clock.now, samples: [sample] })
    await tell({ type: 'machine.ramdisk', machineId, mac: '52:54:00:00:00:00', connected: true })
    const find = async () =>
      (await list()).body.items.find((item: { machineId: string }) => item.machineId === machineId)
    expect((await find()).bmc).toMatchObject({ powerWatts: 123, inletCelsius: 21 })
    harness.deps.values.setDeployment(ids.deploymentId, { bytesDone: 5, bytesTotal: 10 })
    expect((await find()).deployment).toMatchObject({ bytesDone: 5, bytesTotal: 10 })
    harness.deps.values.clearDeployment(ids.deploymentId)
    expect((await find()).deployment).toMatchObject({ bytesDone: null, bytesTotal: null })
  })

  it('keeps its order: those that want a person first, then by name', async () => {
    await list()
    const { db } = harness.deps
    for (const [index, name] of ['n-10', 'n-9', 'b', 'a'].entries())
      await db
        .update(machines)
        .set({ name })
        .where(one(populatedMachineId(index)))
    await db.delete(deployments)
    await db
      .update(machines)
      .set({ adoptedAt: null })
      .where(one(populatedMachineId(0)))
    const names = (await list()).body.items.map((item: { name: string }) => item.name)
    expect(names[0]).toBe('n-10')
    expect(names.indexOf('a')).toBeLessThan(names.indexOf('b'))
    expect(names.indexOf('b')).toBeLessThan(names.indexOf('n-9'))
    expect(JSON.stringify((await list()).body)).toBe(await readAnew())
  })

  it('comes in pages, and says how many there are in all', async () => {
    const all = (await list()).body
    expect(all.total).toBe(6)
    const pages = [(await list('?limit=4')).body, (await list('?limit=4&offset=4')).body]
    expect(pages.map(({ total }) => total)).toEqual([6, 6])
    expect(pages.flatMap(({ items }) => items)).toEqual(all.items)
    expect((await list('?limit=0')).status).toBe(422)
  })

  it('shows nobody what was kept for somebody who may see more', async () => {
    const everything = await list()
    const other = await harness.createSite('Elsewhere')
    const person = { email: 'eve@example.org', password: 'correct horse battery staple' }
    const eve = { ...person, name: 'Eve', role: 'viewer', siteIds: [other] }
    // Whoever has one is asked for it here.
    await harness.deps.db.delete(passkeys)
    expect((await harness.call('POST', '/api/v1/users', eve)).status).toBe(201)
    const signedIn = await harness.call('POST', '/api/auth/sign-in/email', person, { cookie: '' })
    expect(signedIn.status).toBe(200)
    const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
    const etag = everything.headers.get('etag') ?? ''
    const limited = await list('', { cookie, 'if-none-match': etag })
    expect(limited.status).toBe(200)
    expect(limited.body).toEqual({ items: [], total: 0 })
    expect((await list()).body.total).toBe(6)
  })

  it('asks the database once when nothing has changed, and does not read the fleet again for a change', async () => {
    await list()
    const counter = countStatements(harness.deps.db)
    const answer = () => harness.deps.machineList.answer(harness.deps, {}, null)
    await answer()
    expect(counter.take()).toEqual({ statements: 1, roundTrips: 1 })
    await harness.deps.db.run(sql`update machines set name = 'x' where machine_id = ${ids.machineId}`)
    counter.take()
    const one = await answer()
    expect(counter.take().statements).toBeLessThan(10)
    expect((await answer()).tag).toBe(one.tag)
    expect(counter.take().statements).toBe(1)
  })
})

it('reads a large fleet in pieces, and a large change as well', async () => {
  const { answer } = createMachineList((work) => work(), 2)
  const read = async () => new TextDecoder().decode((await answer(harness.deps, {}, null)).body)
  expect(await read()).toBe(await readAnew())
  await harness.deps.db.update(machines).set({ name: 'x', lastSeenAt: 7 })
  expect(await read()).toBe(await readAnew())
  await harness.deps.db.update(sites).set({ name: 'elsewhere' })
  expect(await read()).toBe(await readAnew())
})

describe('those who ask while the list is read', () => {
  it('share the next reading, which began after they asked', async () => {
    const inTurn = createTurns()
    const ends: (() => void)[] = []
    const read = () => new Promise<void>((resolve) => ends.push(resolve))
    const all = [inTurn(read), inTurn(read), inTurn(read)]
    expect(ends).toHaveLength(1)
    ends[0]?.()
    await all[0]
    await vi.waitUntil(() => ends.length > 1)
    ends[1]?.()
    await Promise.all(all)
    expect(ends).toHaveLength(2)
  })
})
