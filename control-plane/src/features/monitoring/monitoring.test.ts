import { bmcLog, rackSlots, racks, samples } from '@dragonfly/schema/db'
import { eq, sql } from 'drizzle-orm'
import { beforeEach, describe, expect, it } from 'vitest'
import { createHarness, createTeller, type Harness, type TestEdge } from '../../testing/harness.ts'
import { createSampleTender } from './tend.ts'

const minute = 60_000
const day = 86_400_000

let harness: Harness
let siteId: string
let edge: TestEdge
let teller: Awaited<ReturnType<typeof createTeller>>
let machineIds: string[]
beforeEach(async () => {
  harness = await createHarness()
  // A whole day, so that every step begins with it.
  harness.clock.now = Math.floor(harness.clock.now / day) * day
  await harness.signIn()
  siteId = await harness.createSite()
  edge = await harness.enrol(siteId)
  teller = await createTeller(harness, edge)
  machineIds = [await addMachine('10.0.0.1'), await addMachine('10.0.0.2')]
})

async function addMachine(address: string, site = siteId): Promise<string> {
  return (await harness.call('POST', '/api/v1/bmcs', { siteId: site, address })).body.machineId
}

/** One minute's samples; resolves when they are taken. */
async function measure(watts: (number | null)[], change: { at?: number; ids?: string[] } = {}) {
  const ids = change.ids ?? machineIds
  teller.tunnel.send({
    type: 'samples',
    at: change.at ?? harness.clock.now,
    samples: watts.map((powerWatts, index) => ({
      machineId: ids[index] ?? 'nobody',
      powerWatts,
      inletCelsius: 20.4 + (index % 10),
      hottestCelsius: 60 + (index % 10),
    })),
  })
  await settle()
}

async function settle(): Promise<void> {
  teller.tunnel.send({ type: 'ping' })
  await teller.tunnel.next('pong')
}

async function series(path: string, range = 'hour') {
  return (await harness.call('GET', `/api/v1/${path}/samples?range=${range}`)).body
}

describe('samples', () => {
  it('are seen in lists, in the history, and live', async () => {
    await measure([211.4, null])
    const [first, second] = machineIds
    const { bmc } = (await harness.call('GET', `/api/v1/machines/${first}`)).body
    expect(bmc).toMatchObject({
      powerWatts: 211,
      inletCelsius: 20,
      hottestCelsius: 60,
      sampledAt: harness.clock.now,
    })
    expect((await series(`machines/${first}`)).points).toEqual([
      { at: harness.clock.now, powerWatts: 211.4, inletCelsius: 20.4, hottestCelsius: 60 },
    ])
    expect((await series(`machines/${second}`)).points).toMatchObject([
      { powerWatts: null, inletCelsius: 21.4 },
    ])
    expect(harness.live.filter(({ type }) => type === 'readings')).toMatchObject([
      {
        siteId,
        machines: [
          { machineId: first, powerWatts: 211 },
          { machineId: second, powerWatts: null },
        ],
      },
    ])
  })

  it('that are told twice count once', async () => {
    await measure([200, 100])
    await measure([200, 100])
    expect(await harness.deps.db.select().from(samples)).toHaveLength(2)
  })

  it('that come late fill the history, and leave what is newer', async () => {
    const before = harness.clock.now
    harness.clock.now += 10 * minute
    await measure([300, 100])
    await measure([200, 100], { at: before })
    const { bmc } = (await harness.call('GET', `/api/v1/machines/${machineIds[0]}`)).body
    expect(bmc.powerWatts).toBe(300)
    expect((await series(`machines/${machineIds[0]}`)).points).toHaveLength(2)
  })

  it('of another site, of nobody, of the future or of long ago are not taken', async () => {
    const stranger = await addMachine('10.0.0.1', await harness.createSite('Cellar'))
    await measure([200, 200], { ids: [stranger, 'nobody'] })
    await measure([200], { at: harness.clock.now + 3600_000 })
    await measure([200], { at: harness.clock.now - 3600_000 })
    expect(await harness.deps.db.select().from(samples)).toEqual([])
    expect(harness.live.filter(({ type }) => type === 'readings')).toEqual([])
  })

  it('of a thousand machines are a few statements', async () => {
    const ids = Array.from({ length: 1000 }, (_, index) => `machine-${index}`)
    const rows = JSON.stringify(ids)
    await harness.deps.db.run(sql`insert into machines (machine_id, site_id, kind, created_at)
      select value, ${siteId}, 'metal', 1 from json_each(${rows})`)
    await harness.deps.db.run(sql`insert into bmcs (machine_id, site_id, address, capabilities, created_at, updated_at)
      select value, ${siteId}, value, '{}', 1, 1 from json_each(${rows})`)
    await measure(
      ids.map(() => 150),
      { ids },
    )
    expect(await harness.deps.db.select().from(samples)).toHaveLength(1000)
  })
})

describe('sums', () => {
  it('are made of a site and of its racks, and drawn beside the machines', async () => {
    await harness.deps.db.insert(racks).values({ rackId: 'rack-1', siteId, name: 'R1', createdAt: 1 })
    await harness.deps.db
      .insert(rackSlots)
      .values({ rackId: 'rack-1', unit: 1, machineId: machineIds[1] ?? '' })
    await measure([200, 100])
    await createSampleTender(harness.deps)()
    expect((await series(`sites/${siteId}`)).points).toMatchObject([
      { powerWatts: 300, inletCelsius: 21.4, hottestCelsius: 61 },
    ])
    const rack = await harness.call('GET', `/api/v1/sites/${siteId}/samples?range=hour&rackId=rack-1`)
    expect(rack.body.points).toMatchObject([{ powerWatts: 100 }])
    const draws = (await harness.call('GET', '/api/v1/power-draw')).body.items
    expect(draws).toMatchObject([
      {
        siteId,
        powerWatts: 300,
        measured: 2,
        hottestInletCelsius: 21,
        machines: 2,
        racks: [{ name: 'R1', powerWatts: 100 }],
      },
    ])
    const foreign = await harness.createSite('Cellar')
    expect((await harness.call('GET', `/api/v1/sites/${foreign}/samples?rackId=rack-1`)).status).toBe(404)
  })

  it('leave out what is old, and what is out of reach', async () => {
    await teller.tell({ type: 'bmc.power', machineId: machineIds[0] ?? '', powerState: 'on', problem: null })
    await measure([200, 100])
    harness.clock.now += 1000
    await teller.tell({
      type: 'bmc.power',
      machineId: machineIds[1] ?? '',
      powerState: 'unknown',
      problem: 'Silent.',
    })
    const draws = async () => (await harness.call('GET', '/api/v1/power-draw')).body.items[0]
    expect(await draws()).toMatchObject({ powerWatts: 200, measured: 1, on: 1, off: 0, lost: 1 })
    harness.clock.now += 10 * minute
    expect(await draws()).toMatchObject({ powerWatts: null, measured: 0 })
  })
})

describe('history', () => {
  it('is kept in coarser steps, and pruned', async () => {
    const tend = createSampleTender(harness.deps)
    const start = harness.clock.now
    for (let i = 0; i < 30; i++) {
      await measure([i < 15 ? 100 : 200, 50])
      harness.clock.now += minute
      await tend()
    }
    const [machineId = ''] = machineIds
    const kept = async (stepSeconds: number) =>
      (await harness.deps.db.select().from(samples).where(eq(samples.subjectId, machineId))).filter(
        (row) => row.stepSeconds === stepSeconds,
      )
    expect((await kept(900)).map(({ at, powerWatts }) => [at, powerWatts])).toEqual([
      [start / 1000, 100],
      [start / 1000 + 900, 200],
    ])
    expect((await kept(21_600)).map(({ powerWatts }) => powerWatts)).toEqual([150])
    expect((await series(`sites/${siteId}`, 'week')).points).toMatchObject([{ powerWatts: 200 }])

    harness.clock.now = start + 2 * day
    await tend()
    expect([await kept(60), await kept(900), await kept(21_600)].map((rows) => rows.length)).toEqual([
      0, 2, 1,
    ])
    harness.clock.now = start + 40 * day
    await tend()
    expect([await kept(900), await kept(21_600)].map((rows) => rows.length)).toEqual([0, 1])
    expect((await series(`machines/${machineId}`, 'year')).points).toMatchObject([{ powerWatts: 150 }])
    harness.clock.now = start + 800 * day
    await tend()
    expect(await harness.deps.db.select().from(samples)).toEqual([])
  })

  it('of a machine that is gone goes, too', async () => {
    await measure([200, 100])
    await harness.call('DELETE', `/api/v1/machines/${machineIds[0]}`)
    await createSampleTender(harness.deps)()
    const left = await harness.deps.db.select({ id: samples.subjectId }).from(samples)
    expect(left.map(({ id }) => id)).not.toContain(machineIds[0])
    expect(left.map(({ id }) => id)).toContain(machineIds[1])
  })
})

describe('an outage of a BMC', () => {
  const problem = 'It does not answer.'

  it('is shown since its first miss, and is no power state', async () => {
    const [machineId = ''] = machineIds
    await teller.tell({ type: 'bmc.power', machineId, powerState: 'on', problem: null })
    harness.clock.now += minute
    const since = harness.clock.now
    await teller.tell({ type: 'bmc.power', machineId, powerState: 'unknown', problem })
    harness.clock.now += minute
    await teller.tell({ type: 'bmc.power', machineId, powerState: 'unknown', problem })
    const bmc = async () => (await harness.call('GET', `/api/v1/machines/${machineId}`)).body.bmc
    expect(await bmc()).toMatchObject({ powerState: 'on', problem, problemSince: since })
    await teller.tell({ type: 'bmc.power', machineId, powerState: 'off', problem: null })
    expect(await bmc()).toMatchObject({ powerState: 'off', problem: null, problemSince: null })
  })

  it('is told from a BMC that refuses the password', async () => {
    const [machineId = ''] = machineIds
    const bmc = async () => (await harness.call('GET', `/api/v1/machines/${machineId}`)).body.bmc
    const attempt = (reason: string) => ({ driver: 'ipmi' as const, reason, message: problem })
    const silent = { type: 'bmc.power' as const, machineId, powerState: 'unknown' as const, problem }
    await teller.tell({ ...silent, attempts: [attempt('timeout')] })
    expect(await bmc()).toMatchObject({ problem, problemKind: 'lost' })
    await teller.tell({ ...silent, attempts: [attempt('timeout'), attempt('wrong-password')] })
    expect(await bmc()).toMatchObject({ problem, problemKind: 'password-refused' })
    await harness.call('PUT', `/api/v1/machines/${machineId}/bmc`, { address: '10.0.0.99' })
    expect(await bmc()).toMatchObject({ problem: null, problemKind: null, problemSince: null })
    await teller.tell({ ...silent, attempts: [attempt('no-credentials')] })
    expect(await bmc()).toMatchObject({ problemKind: 'password-missing' })
    await teller.tell({ type: 'bmc.power', machineId, powerState: 'on', problem: null })
    expect(await bmc()).toMatchObject({ problem: null, problemKind: null })
  })

  it('is none while another edge of the site reaches it', async () => {
    const [machineId = ''] = machineIds
    await teller.tell({ type: 'bmc.power', machineId, powerState: 'on', problem: null })
    const other = await createTeller(harness, await harness.enrol(siteId))
    await other.tell({ type: 'bmc.power', machineId, powerState: 'unknown', problem })
    expect((await harness.call('GET', `/api/v1/machines/${machineId}`)).body.bmc.problem).toBeNull()
  })
})

describe('an event log', () => {
  const entry = (id: string, severity: 'ok' | 'warning' | 'critical' = 'ok', at: number | null = 1000) => ({
    id,
    at,
    sensor: 'Fan 3',
    text: `entry ${id}`,
    severity,
  })
  const read = async (query = '') =>
    (await harness.call('GET', `/api/v1/machines/${machineIds[0]}/bmc/event-log${query}`)).body

  it('is read page by page, the newest first, and by severity', async () => {
    const machineId = machineIds[0] ?? ''
    const entries = [entry('1'), entry('2', 'critical'), entry('3', 'warning', null)]
    await teller.tell({ type: 'bmc.log', machineId, entries })
    const first = await read('?limit=2')
    expect(first.items.map(({ entryId, at }: { entryId: string; at: number }) => [entryId, at])).toEqual([
      ['3', null],
      ['2', 1000],
    ])
    const second = await read(`?limit=2&before=${first.next}`)
    expect(second).toMatchObject({ items: [{ entryId: '1', sensor: 'Fan 3' }], next: null })
    expect((await read('?severity=critical')).items).toMatchObject([{ entryId: '2' }])
    expect(
      (await harness.call('GET', `/api/v1/machines/${machineId}/bmc/event-log?severity=loud`)).status,
    ).toBe(422)
  })

  it('that is told again after a restart of the edge has each entry once', async () => {
    const machineId = machineIds[0] ?? ''
    await teller.tell({ type: 'bmc.log', machineId, entries: [entry('1'), entry('2')] })
    await teller.tell({ type: 'bmc.log', machineId, entries: [entry('2'), entry('3')] })
    expect((await read()).items).toHaveLength(3)
  })

  it('stays readable when it was cleared, and its ids begin anew', async () => {
    const machineId = machineIds[0] ?? ''
    await teller.tell({ type: 'bmc.log', machineId, entries: [entry('1', 'ok', null)] })
    await teller.tell({ type: 'bmc.log', machineId, wasCleared: true, entries: [] })
    await teller.tell({ type: 'bmc.log', machineId, entries: [entry('1', 'ok', null)] })
    expect((await read()).items).toMatchObject([
      { entryId: '1', isCleared: false },
      { entryId: '1', isCleared: true },
    ])
  })

  it('is bounded', async () => {
    const machineId = machineIds[0] ?? ''
    for (let page = 0; page < 22; page++) {
      const entries = Array.from({ length: 100 }, (_, index) => entry(`${page * 100 + index}`))
      await teller.tell({ type: 'bmc.log', machineId, entries })
    }
    const rows = await harness.deps.db.select({ id: bmcLog.id }).from(bmcLog)
    expect(rows).toHaveLength(2000)
  })

  it('is cleared by a signed order only, and not in a locked machine', async () => {
    const path = `/api/v1/machines/${machineIds[0]}`
    expect(await harness.call('DELETE', `${path}/bmc/event-log`)).toMatchObject({
      status: 202,
      body: { title: 'Clear the event log', kind: 'bmc.control' },
    })
    await harness.call('POST', `${path}/lock`, { reason: 'audit' })
    expect((await harness.call('DELETE', `${path}/bmc/event-log`)).status).toBe(409)
  })
})

describe('sensors', () => {
  const sensors = [
    {
      name: 'Fan 3',
      kind: 'fan',
      value: 4200,
      unit: 'RPM',
      states: [],
      health: 'ok' as const,
      thresholds: { lowerCritical: 500 },
    },
  ]

  it('are kept as they were last told, by a look of the edge or on request', async () => {
    const [machineId = ''] = machineIds
    const read = async () => (await harness.call('GET', `/api/v1/machines/${machineId}/bmc/sensors`)).body
    expect(await read()).toEqual({ at: null, sensors: [] })
    teller.tunnel.send({ type: 'sensors', machineId, at: 5000, sensors })
    await settle()
    expect(await read()).toEqual({ at: 5000, sensors })
    teller.tunnel.send({ type: 'sensors', machineId, at: 4000, sensors: [] })
    await settle()
    expect(await read()).toMatchObject({ at: 5000 })
  })

  it('of another site’s machine are not taken', async () => {
    const machineId = await addMachine('10.0.0.1', await harness.createSite('Cellar'))
    teller.tunnel.send({ type: 'sensors', machineId, at: 5000, sensors })
    await settle()
    expect((await harness.call('GET', `/api/v1/machines/${machineId}/bmc/sensors`)).body.at).toBeNull()
  })
})

it('Prometheus hears what is known now, and nothing else', async () => {
  const [first = '', second = ''] = machineIds
  await harness.call('PATCH', `/api/v1/machines/${first}`, { name: 'web-1' })
  await teller.tell({ type: 'bmc.power', machineId: first, powerState: 'on', problem: null })
  await teller.tell({ type: 'bmc.power', machineId: second, powerState: 'unknown', problem: 'Silent.' })
  await measure([211, 100])
  const text = (await harness.call('GET', '/metrics')).body
  const of = (name: string) => `${name}{machine="web-1",machine_id="${first}",site="Attic"}`
  expect(text).toContain(`${of('dragonfly_machine_power_watts')} 211\n`)
  expect(text).toContain(`${of('dragonfly_machine_inlet_celsius')} 20\n`)
  expect(text).toContain(`${of('dragonfly_machine_power_on')} 1\n`)
  expect(text).toContain(`${of('dragonfly_bmc_reachable')} 1\n`)
  expect(text).toMatch(
    new RegExp(`dragonfly_bmc_reachable\\{machine="10.0.0.2",machine_id="${second}",site="Attic"\\} 0\n`),
  )
  expect(text).not.toMatch(/power_watts\{machine="10.0.0.2"/)
})
