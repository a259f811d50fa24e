import { bmcLogEntrySchema, sensorSchema } from '@dragonfly/schema/wire'
import { expect, test } from 'vitest'
import { describeFru, describeLogEntry, describeSensor } from './ipmi-readings.ts'

const sensor = {
  number: 1,
  name: 'CPU Temp',
  type: 'Temperature',
  entityId: 3,
  value: 41.5,
  unit: '°C',
  health: 'non-critical',
  states: [],
  thresholds: {},
  quantity: 'temperature',
} as const

test('a sensor fits the wire, whatever the BMC calls it', () => {
  const described = describeSensor({ ...sensor, states: [] })
  expect(described).toMatchObject({ name: 'CPU Temp', value: 41.5, unit: '°C', health: 'warning' })
  const odd = describeSensor({
    ...sensor,
    name: 'x'.repeat(1000),
    value: Number.NaN,
    unit: '',
    health: undefined,
    states: Array.from({ length: 40 }, () => 'y'.repeat(1000)),
  })
  expect(sensorSchema.safeParse(odd).success).toBe(true)
  expect(odd).toMatchObject({ value: null, unit: null, health: 'unknown' })
})

test('an entry of the event log without a time has none', () => {
  const record = {
    kind: 'oem',
    recordId: 7,
    type: 0xe0,
    atSeconds: undefined,
    data: new Uint8Array(13),
  } as const
  const entry = { recordId: 7, at: undefined, text: 'z'.repeat(1000), record }
  const described = describeLogEntry(entry)
  expect(bmcLogEntrySchema.safeParse(described).success).toBe(true)
  expect(described).toMatchObject({ id: '7', at: null })
})

test('a sensor brings its thresholds, and an inlet says that it is one', () => {
  const inlet = describeSensor({
    ...sensor,
    name: 'Inlet Temp',
    entityId: 0x37,
    states: [],
    thresholds: { upperCritical: 47, upperNonCritical: 43, lowerCritical: Number.NaN },
  })
  expect(inlet).toMatchObject({ isInlet: true, thresholds: { upperWarning: 43, upperCritical: 47 } })
  expect(sensorSchema.safeParse(inlet).success).toBe(true)
})

const event = (sensorType: number, eventType: number, offset: number, isDeasserted = false) => ({
  recordId: 7,
  at: new Date(5000),
  text: 'Fan 3: below critical, falling (reading 0 RPM)',
  record: {
    kind: 'system' as const,
    recordId: 7,
    atSeconds: 5,
    generatorId: 0x20,
    sensorType,
    sensorNumber: 1,
    eventType,
    isDeasserted,
    data: Uint8Array.of(offset, 0, 0),
  },
})

test('an entry of the event log names its sensor apart', () => {
  expect(describeLogEntry(event(4, 1, 2))).toEqual({
    id: '7',
    at: 5000,
    sensor: 'Fan 3',
    text: 'below critical, falling (reading 0 RPM)',
    severity: 'critical',
  })
})

test.each([
  ['a fan below its critical threshold', event(4, 1, 2), 'critical'],
  ['a temperature above its warning threshold', event(1, 1, 7), 'warning'],
  ['the same, over', event(1, 1, 9, true), 'ok'],
  ['a correctable memory error', event(12, 0x6f, 0), 'warning'],
  ['an uncorrectable one', event(12, 0x6f, 1), 'critical'],
  ['a power supply that failed', event(8, 0x6f, 1), 'critical'],
  ['a button that was pressed', event(20, 0x6f, 0), 'ok'],
  ['redundancy that is lost', event(8, 11, 1), 'warning'],
  ['what only its maker understands', event(0xc5, 0x6f, 1), 'unknown'],
] as const)('%s is %s', (_what, entry, severity) => {
  expect(describeLogEntry(entry).severity).toBe(severity)
})

test('an inventory leaves out what is empty', () => {
  expect(describeFru({ product: { name: ' R640 ', serialNumber: '', extra: [] } })).toEqual([
    { group: 'Product', name: 'Name', value: 'R640' },
  ])
})
