import { edgeFrameSchema, type SiteState, siteEventSchema } from '@dragonfly/schema/wire'
import { expect, it } from 'vitest'
import { createMachineSpec } from './machine-inventory.ts'
import { createSimulatedBmcs } from './simulated-bmcs.ts'

const spec = createMachineSpec(1, 0)
const bmc = { address: '10.42.0.1', port: null, protocol: 'auto', mac: null, credentials: null } as const
const start = 1_700_000_000_000

function create(count = 40) {
  const specs = new Map(
    Array.from({ length: count }, (_, index) => [`m${index}`, createMachineSpec(1, index)]),
  )
  const all = [...specs.values()]
  const bmcs = createSimulatedBmcs({ find: (machineId) => specs.get(machineId) ?? null, all })
  const machines = [...specs.keys()].map((machineId) => ({
    machineId,
    name: machineId,
    macs: [spec.mac],
    bmc,
  }))
  bmcs.handleState({ machines } as unknown as SiteState)
  return bmcs
}

it('tells what each BMC is once, and that a few are lost later', () => {
  const bmcs = create()
  const events = [...bmcs.tick(start), ...bmcs.tick(start + 1000), ...bmcs.tick(start + 600_000)]
  for (const event of events) siteEventSchema.parse(event)
  expect(events.filter(({ type }) => type === 'bmc.identified')).toHaveLength(40)
  const lost = events.filter((event) => event.type === 'bmc.power' && event.problem !== null)
  expect(lost.length).toBeLessThan(6)
})

it('measures every minute what a machine could draw, and first what came before', () => {
  const bmcs = create()
  bmcs.tick(start)
  const frames = bmcs.frames(start)
  for (const frame of frames) edgeFrameSchema.parse(frame)
  const samples = frames.filter((frame) => frame.type === 'samples')
  expect(samples.length).toBeGreaterThan(20)
  for (const { powerWatts, inletCelsius, hottestCelsius } of samples.flatMap((frame) => frame.samples)) {
    expect(powerWatts).toBeGreaterThan(5)
    expect(powerWatts).toBeLessThan(2500)
    expect(hottestCelsius ?? 0).toBeGreaterThanOrEqual(inletCelsius ?? 0)
  }
  expect(bmcs.frames(start + 1000)).toEqual([])
  expect(bmcs.frames(start + 60_000).filter(({ type }) => type === 'samples')).toHaveLength(1)
})

it('answers commands, and is switched by them', () => {
  const bmcs = create(1)
  bmcs.tick(start)
  const target = { machineId: 'm0', bmc }
  const off = bmcs.answer('c1', {
    kind: 'bmc.control',
    ...target,
    what: { action: 'power', operation: 'off' },
    order: 'x',
  })
  expect(off).toMatchObject([
    { powerState: 'off' },
    { type: 'command.result', commandId: 'c1', outcome: 'done' },
  ])
  const [sensors] = bmcs.answer('c2', { kind: 'bmc.read', ...target, what: 'sensors' })
  expect(siteEventSchema.parse(sensors)).toMatchObject({ detail: { kind: 'sensors' } })
  expect(bmcs.answer('c3', { kind: 'bmc.probe', machineId: 'nobody', bmc })).toMatchObject([
    { outcome: 'failed' },
  ])
})

it('answers at once for a machine that is known by its BMC’s address alone, before any state names it', () => {
  const bmcs = create(1)
  const address = spec.inventory.bmc?.address
  if (!address) throw new Error('the first machine has a BMC')
  const probe = { kind: 'bmc.probe', machineId: 'adopted', bmc: { ...bmc, address } } as const
  expect(bmcs.answer('c1', probe)).toMatchObject([
    { type: 'bmc.identified', machineId: 'adopted', identity: { guid: spec.inventory.smbios.uuid } },
    { type: 'bmc.power' },
    { outcome: 'done' },
  ])
  const elsewhere = { ...probe, machineId: 'lost', bmc: { ...bmc, address: '10.99.0.1' } }
  expect(bmcs.answer('c2', elsewhere)).toMatchObject([
    { outcome: 'failed', message: expect.stringContaining('Nothing answers at 10.99.0.1') },
  ])
})

it('finds the BMCs of a range little by little, and stops when it is told to', () => {
  const bmcs = create(40)
  const range = { first: '10.41.10.1', last: '10.41.10.254' }
  expect(bmcs.answer('s1', { kind: 'bmc.scan', ...range })).toEqual([])
  const ticks = Array.from({ length: 20 }, (_, tick) => bmcs.tick(start + tick * 250)).flat()
  const events = ticks.filter(({ type }) => type === 'bmc.scan' || type === 'command.result')
  for (const event of events) siteEventSchema.parse(event)
  expect(events.length).toBeGreaterThan(5)
  expect(events.at(-1)).toMatchObject({ commandId: 's1', outcome: 'done' })
  const rows = events.flatMap((event) => (event.type === 'bmc.scan' ? event.rows : []))
  expect(rows.length).toBeGreaterThan(20)
  expect(new Set(rows.map(({ address }) => address)).size).toBe(rows.length)
  bmcs.answer('s2', { kind: 'bmc.scan', ...range })
  expect(bmcs.cancel('s2')).toMatchObject([{ commandId: 's2', reason: 'cancelled' }])
  expect(bmcs.tick(start + 6000).filter(({ type }) => type === 'bmc.scan')).toEqual([])
})
