import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BmcLogEntry, SiteEvent, SiteState } from '@dragonfly/schema/wire'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createFakeBmc, type FakeBmc } from '../../../test/fake-bmc.ts'
import { type Database, openDatabase } from '../../io/database.ts'
import { migrate } from '../store/migrations.ts'
import { type BmcPoller, createBmcPoller } from './poller.ts'
import { createBmcReach } from './reach.ts'

const machineId = 'machine-1'
const entry = (id: number): BmcLogEntry => ({
  id: String(id),
  at: 1000,
  sensor: 'Fan 3',
  text: 'below critical',
  severity: 'critical',
})

let database: Database
let bmc: FakeBmc
let poller: BmcPoller
let events: SiteEvent[]
let now: number
const log: BmcLogEntry[] = []

beforeEach(async () => {
  database = await openDatabase(join(await mkdtemp(join(tmpdir(), 'poller-')), 'edge.db'))
  await migrate(database)
  bmc = createFakeBmc()
  const { open } = bmc.driver
  bmc.driver.open = async (target) => ({
    ...(await open(target)),
    readPowerDraw: async () => 210,
    readSensors: async (wish) => [
      { name: 'Inlet Temp', kind: 'temperature', value: 22, unit: '°C', states: [], health: 'ok' },
      { name: 'CPU1 Temp', kind: 'temperature', value: 64, unit: '°C', states: [], health: 'ok' },
      ...(wish
        ? []
        : [{ name: 'Fan 1', kind: 'fan', value: 4200, unit: 'RPM', states: [], health: 'ok' as const }]),
    ],
    readEventLog: async () => [...log],
  })
  events = []
  now = 0
  log.length = 0
  poller = await create()
})
afterEach(async () => {
  poller.stop()
  await poller.settled()
  database.close()
})

async function create(): Promise<BmcPoller> {
  const created = await createBmcPoller({
    reach: createBmcReach([bmc.driver]),
    edgeId: 'edge-1',
    database,
    report: async (event) => void events.push(event),
    now: () => now,
    warn: (message) => {
      throw new Error(message)
    },
  })
  created.want(site())
  return created
}

function site(address = '10.0.0.17'): SiteState {
  const reach = { address, port: null, protocol: 'auto', mac: null, credentials: null }
  return { machines: [{ machineId, name: 'web-1', macs: [], bmc: reach }] } as unknown as SiteState
}

/** Lets time pass, as the edge's timer does. */
async function pass(ms: number): Promise<void> {
  for (const end = now + ms; now < end; now += 250) {
    poller.tick()
    await poller.settled()
  }
}

const told = (type: SiteEvent['type']) => events.filter((event) => event.type === type)

describe('power', () => {
  test('is told once, and whenever it changes', async () => {
    await pass(60_000)
    bmc.state = 'on'
    await pass(60_000)
    expect(told('bmc.power')).toEqual([
      { type: 'bmc.power', machineId, powerState: 'off', problem: null },
      { type: 'bmc.power', machineId, powerState: 'on', problem: null },
    ])
  })

  test('of a BMC that is lost is unknown, never off; and it is told when it is back', async () => {
    bmc.state = 'on'
    await pass(20_000)
    bmc.failing.set('open', 'timeout')
    await pass(10_000)
    expect(told('bmc.power')).toHaveLength(1)
    await pass(600_000)
    bmc.failing.clear()
    await pass(400_000)
    expect(told('bmc.power')).toEqual([
      { type: 'bmc.power', machineId, powerState: 'on', problem: null },
      {
        type: 'bmc.power',
        machineId,
        powerState: 'unknown',
        problem: 'The BMC says timeout.',
        attempts: [{ driver: 'ipmi', reason: 'timeout', message: 'The BMC says timeout.' }],
      },
      { type: 'bmc.power', machineId, powerState: 'on', problem: null },
    ])
    expect(poller.counts()).toEqual({ watched: 1, lost: 0 })
  })

  test('is told again where another told something else meanwhile', async () => {
    await pass(20_000)
    poller.heard({ type: 'bmc.power', machineId, powerState: 'unknown', problem: 'A hiccup.' })
    await pass(20_000)
    expect(told('bmc.power')).toHaveLength(2)
  })
})

test('a password that is refused is not tried again, until there is another', async () => {
  bmc.failing.set('open', 'wrong-password')
  await pass(600_000)
  expect(bmc.log).toEqual(['open'])
  expect(told('bmc.power')).toMatchObject([{ problem: 'The BMC says wrong-password.' }])
  poller.want(site('10.0.0.18'))
  bmc.failing.clear()
  await pass(20_000)
  expect(told('bmc.power').at(-1)).toMatchObject({ powerState: 'off', problem: null })
})

test('draw and temperatures become one sample a minute, and all sensors a frame now and then', async () => {
  await pass(300_000)
  const frames = poller.frames()
  const samples = frames.filter((frame) => frame.type === 'samples')
  expect(samples.length).toBeGreaterThanOrEqual(3)
  expect(samples.at(-1)?.samples).toEqual([
    { machineId, powerWatts: 210, inletCelsius: 22, hottestCelsius: 64 },
  ])
  const sensors = frames.filter((frame) => frame.type === 'sensors')
  expect(sensors).toMatchObject([{ machineId, sensors: [{}, {}, { name: 'Fan 1' }] }])
})

test('a machine that is lost, or gone, is measured no more', async () => {
  await pass(120_500)
  poller.frames()
  bmc.failing.set('open', 'timeout')
  await pass(180_000)
  expect(poller.frames()).toEqual([])
  poller.want({ machines: [] } as unknown as SiteState)
  const before = bmc.log.length
  await pass(600_000)
  expect(bmc.log).toHaveLength(before)
})

test('what another edge watches is left to it, until it is this one’s turn', async () => {
  const watchedBy = (pollBy: string) => {
    const state = site()
    return { ...state, machines: state.machines.map((machine) => ({ ...machine, pollBy })) }
  }
  poller.want(watchedBy('edge-2'))
  await pass(60_000)
  expect(bmc.log).toEqual([])
  poller.want(watchedBy('edge-1'))
  await pass(20_000)
  expect(told('bmc.power')).toHaveLength(1)
})

describe('the event log', () => {
  const ids = () =>
    told('bmc.log').flatMap((event) => (event.type === 'bmc.log' ? event.entries.map(({ id }) => id) : []))

  test('is followed by what is new, also over a restart of the edge', async () => {
    log.push(entry(1), entry(2))
    await pass(120_000)
    log.push(entry(3))
    await pass(120_000)
    expect(ids()).toEqual(['1', '2', '3'])
    poller.stop()
    poller = await create()
    log.push(entry(4))
    await pass(120_000)
    expect(ids()).toEqual(['1', '2', '3', '4'])
  })

  test('is told from its beginning after it was cleared', async () => {
    log.push(entry(1), entry(2))
    await pass(120_000)
    log.length = 0
    await poller.forgetLog(machineId)
    log.push(entry(1))
    await pass(120_000)
    expect(ids()).toEqual(['1', '2', '1'])
  })

  test('that has no end does not fill the journal: the newest count', async () => {
    let next = 0
    for (let minute = 0; minute < 60; minute++) {
      for (let i = 0; i < 500; i++) log.push(entry(next++))
      await pass(60_000)
    }
    expect(ids().length).toBeLessThanOrEqual(400)
    expect(
      Math.max(...told('bmc.log').map((event) => (event.type === 'bmc.log' ? event.entries.length : 0))),
    ).toBe(100)
  })
})
