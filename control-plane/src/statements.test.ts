import type { SiteEvent } from '@dragonfly/schema/wire'
import { beforeAll, describe, expect, it } from 'vitest'
import { committedOperations } from './testing/committed-operations.ts'
import { countStatements } from './testing/count-statements.ts'
import { createHarness, createTeller, type Harness, inventory } from './testing/harness.ts'
import { type Populated, populate, populatedMac, populatedMachineId } from './testing/populate.ts'

/** WebSockets. */
const sockets = new Set(['openEvents', 'openConsole'])
const views = committedOperations.filter(
  ({ operationId, method, access }) => method === 'GET' && access !== 'edge' && !sockets.has(operationId),
)

interface World {
  harness: Harness
  ids: Populated
  counter: ReturnType<typeof countStatements>
}

async function createWorld(count: number): Promise<World> {
  const harness = await createHarness()
  await harness.signIn()
  const { userId } = (await harness.call('GET', '/api/v1/me')).body
  const ids = await populate(harness.deps.db, count, userId, harness.clock.now)
  return { harness, ids, counter: countStatements(harness.deps.db) }
}

let few: World
let many: World
beforeAll(async () => {
  ;[few, many] = await Promise.all([createWorld(1), createWorld(200)])
})

async function cost({ harness, ids, counter }: World, path: string) {
  const params = new Map(Object.entries(ids))
  const url = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params.get(name) ?? 'x')
  counter.take()
  const { status, body } = await harness.call('GET', url)
  expect(status, `${url} ${JSON.stringify(body).slice(0, 300)}`).toBeLessThan(500)
  return { status, ...counter.take() }
}

describe('the database is asked as often for 200 rows of each kind as for one', () => {
  it.each(views)('by $operationId', async ({ path }) => {
    expect(await cost(many, path)).toEqual(await cost(few, path))
  })

  it('in at most 12 statements for a list', async () => {
    const lists = views.filter(
      ({ operationId, path }) => operationId.startsWith('list') && !path.includes('{'),
    )
    expect(lists.length).toBeGreaterThan(8)
    for (const { operationId, path } of lists) {
      expect((await cost(many, path)).statements, operationId).toBeLessThanOrEqual(12)
    }
  })
})

describe('a frame of a journal', () => {
  const machinesEach = 40
  const events: Record<string, (index: number) => SiteEvent> = {
    netboot: (index) => ({
      type: 'machine.netboot',
      mac: populatedMac(index),
      machineId: null,
      smbiosUuid: null,
      architecture: 7,
      decision: 'local',
    }),
    ramdisk: (index) => ({
      type: 'machine.ramdisk',
      machineId: null,
      mac: populatedMac(index),
      connected: true,
    }),
    power: (index) => ({
      type: 'bmc.power',
      machineId: populatedMachineId(index),
      powerState: 'on',
      problem: null,
      driver: null,
      attempts: [],
    }),
    log: (index) => ({
      type: 'log',
      machineId: null,
      deploymentId: null,
      mac: populatedMac(index),
      lines: [{ at: 1, level: 'info', text: 'x' }],
    }),
    'inventory of a known machine': (index) => inventoryOf(populatedMac(index), index),
    'inventory of a new machine': (index) => inventoryOf(populatedMac(index + 1000), index + 1000),
  }

  it.each(Object.keys(events))('needs few round trips for many machines: %s', async (name) => {
    const { harness, ids, counter } = await createWorld(machinesEach)
    const { teller } = await createEdgeAt(harness, ids.siteId)
    const entries = Array.from({ length: machinesEach }, (_, index) => events[name]?.(index)).filter(
      (event) => event !== undefined,
    )
    counter.take()
    await teller.tell(...entries)
    // Besides what the frame needs, its site may be told of the new state, and fetch it, at the same moment.
    expect(counter.take().roundTrips).toBeLessThan(15)
    expect(harness.errors).toEqual([])
  })

  it('needs few round trips for many machines: readings, and a frame of sensors for each', async () => {
    const { harness, ids, counter } = await createWorld(machinesEach)
    const { teller } = await createEdgeAt(harness, ids.siteId)
    const at = harness.clock.now
    const machineIds = Array.from({ length: machinesEach }, (_, index) => populatedMachineId(index))
    const values = { powerWatts: 200, inletCelsius: 20, hottestCelsius: 50 }
    const sensor = { name: 'Fan 1', kind: 'fan', value: 900, unit: 'RPM', states: [], health: 'ok' as const }
    counter.take()
    const { tunnel } = teller
    tunnel.send({ type: 'samples', at, samples: machineIds.map((machineId) => ({ machineId, ...values })) })
    for (const machineId of machineIds) tunnel.send({ type: 'sensors', machineId, at, sensors: [sensor] })
    await teller.tell({ type: 'machine.ramdisk', machineId: null, mac: populatedMac(0), connected: true })
    expect(counter.take().roundTrips).toBeLessThan(15)
    for (const machineId of [machineIds[0], machineIds.at(-1)]) {
      const { body } = await harness.call('GET', `/api/v1/machines/${machineId}/bmc/sensors`)
      expect(body).toMatchObject({ at, sensors: [sensor] })
    }
    expect(harness.errors).toEqual([])
  })

  it('is decided entry by entry: what one leads to, the next one knows', async () => {
    const harness = await createHarness()
    await harness.signIn()
    const { teller } = await createEdgeAt(harness, await harness.createSite())
    const mac = '52:54:00:00:00:07'
    await teller.tell(
      { type: 'machine.netboot', mac, machineId: null, smbiosUuid: null, architecture: 7, decision: 'hold' },
      inventoryOf(mac, 7),
      inventoryOf('52:54:00:00:00:08', 7),
      { type: 'machine.ramdisk', machineId: null, mac: '52:54:00:00:00:08', connected: false },
    )
    const { items } = (await harness.call('GET', '/api/v1/machines')).body
    expect(items).toHaveLength(1)
    expect(items[0]).toMatchObject({
      macs: [mac, '52:54:00:00:00:08'],
      serial: 'SN-7',
      ramdiskConnected: false,
    })
  })
})

function inventoryOf(mac: string, index: number): SiteEvent {
  const uuid = `4c4c4544-0000-1000-8000-${String(index).padStart(12, '0')}`
  return {
    type: 'machine.inventory',
    machineId: null,
    mac,
    address: null,
    inventory: inventory({ mac, uuid, serial: `SN-${index}` }),
  }
}

async function createEdgeAt(harness: Harness, siteId: string) {
  const edge = await harness.enrol(siteId)
  return { edge, teller: await createTeller(harness, edge) }
}
