import { bmcIdentitySchema, bmcLogEntrySchema, sensorSchema } from '@dragonfly/schema/wire'
import { expect, test } from 'vitest'
import { mutationsPerDecoder, seed, seededRandom } from '../../../test/random.ts'
import { readTree, treeNames } from '../../../test/redfish-server.ts'
import { parseAccount, parsePasswordLimits } from './accounts.ts'
import { chooseBootBodies, parseBootState } from './boot-override.ts'
import { chooseEventLog, parseLogEntry } from './event-log.ts'
import { createEventStreamParser, parseEvents } from './event-stream.ts'
import { driveField, firmwareField, parseIdentity, systemFields } from './inventory.ts'
import { describeRefusal, holdsError, parsePasswordChangeRequired } from './messages.ts'
import {
  mergeNics,
  nicsOfAdapter,
  nicsOfBootOption,
  nicsOfFunction,
  nicsOfInterface,
  nicsOfPort,
} from './nics.ts'
import { parsePowerState } from './power.ts'
import { chooseSensorWatts, parseControlWatts, parseEnvironmentWatts, sumSupplyWatts } from './power-draw.ts'
import { asResource, linkAt, listAt, type Resource, resourceAt } from './resource.ts'
import { parseFan, parsePower, parseSensor, parseThermal, parseThermalMetrics } from './sensors.ts'
import { parseTask, taskPath } from './tasks.ts'
import { chooseVendorRules } from './vendors.ts'
import { parseMediaSlot } from './virtual-media.ts'

const nonsense: readonly unknown[] = [
  null,
  '',
  'N/A',
  0,
  -1,
  1e308,
  Number.NaN,
  true,
  [],
  {},
  [null],
  [[]],
  [{}],
  'x'.repeat(5000),
  '\u0000\r\n\t',
  '9'.repeat(400),
  { '@odata.id': null },
  { '@odata.id': '//evil.example/' },
  { '@odata.id': '/redfish/../../etc' },
  JSON.parse('{"__proto__": {"Name": 1}, "constructor": 7}'),
]

/** Every parser there is; what they give is checked against what the control plane takes. */
function parseByAll(value: unknown): void {
  const resource = asResource(value)
  const sensors = [
    parseSensor(resource),
    parseFan(resource),
    ...parseThermal(resource),
    ...parsePower(resource),
    ...parseThermalMetrics(resource),
  ]
  for (const sensor of sensors) if (sensor) sensorSchema.parse(sensor)
  const entry = parseLogEntry(resource)
  if (entry) bmcLogEntrySchema.parse(entry)
  bmcIdentitySchema.parse(parseIdentity(resource, resource, null))
  for (const field of [...systemFields(resource), ...driveField(resource), ...firmwareField(resource)])
    expect(field.value.length).toBeLessThanOrEqual(500)
  const nics = [nicsOfInterface, nicsOfFunction, nicsOfPort, nicsOfAdapter, nicsOfBootOption]
  for (const { mac } of mergeNics(nics.flatMap((parse) => parse(resource))))
    expect(mac).toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/)
  const rules = chooseVendorRules(resource)
  const boot = resourceAt(resource, 'Boot')
  parseBootState(boot)
  chooseBootBodies({ device: 'pxe', persistent: true, uefi: true }, boot, rules)
  parsePowerState(resource)
  for (const watts of [
    parseEnvironmentWatts(resource),
    parseControlWatts(resource),
    sumSupplyWatts([resource]),
    chooseSensorWatts(listAt(resource, 'Members')),
  ])
    expect(watts === null || watts >= 0).toBe(true)
  parseAccount('/a', resource)
  parsePasswordLimits(resource)
  parseMediaSlot('/a', resource)
  parseTask(resource)
  taskPath(resource, null)
  parseEvents(resource)
  holdsError(resource)
  parsePasswordChangeRequired(resource)
  expect(describeRefusal(400, resource, 'it').message.length).toBeLessThanOrEqual(1500)
  for (const name of Object.keys(resource)) {
    const path = linkAt(resource, name)
    expect(path === null || /^\/(?!\/)/.test(path)).toBe(true)
  }
}

test(`resources of every tree, with something in them turned into nonsense, break no parser (seed ${seed})`, () => {
  const random = seededRandom(seed)
  const below = (most: number) => Math.floor(random() * most)
  const mutate = (value: unknown): unknown => {
    if (below(12) === 0) return nonsense[below(nonsense.length)]
    if (Array.isArray(value)) return value.map(mutate)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, mutate(entry)]))
  }
  let count = 0
  const trees = treeNames.map((name) => Object.values(readTree(name)))
  const each = mutationsPerDecoder === null ? 10 : Math.ceil(mutationsPerDecoder / trees.flat().length)
  for (const tree of trees) {
    for (const resource of tree) {
      parseByAll(resource)
      for (let i = 0; i < each; i++, count++) parseByAll(mutate(resource))
      const [key = ''] = Object.keys(resource)
      const wrapped: Resource = { [key]: resource, error: mutate(resource), Members: [mutate(resource)] }
      parseByAll(wrapped)
    }
  }
  expect(count).toBeGreaterThan(5000)
  for (const value of nonsense) parseByAll(value)
}, 900_000)

test('a stream of events that never ends a line is thrown away, and the next event is heard', () => {
  const parser = createEventStreamParser()
  for (let i = 0; i < 100; i++) expect(parser.push('x'.repeat(10_000))).toEqual([])
  expect(parser.push('\n\ndata: {"Events":[{"Message":"on"}]}\n\n')).toMatchObject([{ text: 'on' }])
  expect(parser.skipped).toBe(3)
})

test('a log is chosen by what it is about', () => {
  const under = (names: string[]) => names.map((name) => `/redfish/v1/x/LogServices/${name}`)
  expect(chooseEventLog(under(['Lclog', 'FaultList', 'Sel']))).toMatch(/Sel$/)
  expect(chooseEventLog(under(['AuditLog', 'PlatformLog', 'SEL']))).toMatch(/SEL$/)
  expect(chooseEventLog(under(['Journal', 'HostLogger']))).toBeNull()
  expect(chooseEventLog(under(['Journal', 'SomethingNew']))).toMatch(/SomethingNew$/)
})
