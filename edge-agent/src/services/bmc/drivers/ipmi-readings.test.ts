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
  const entry = { recordId: 7, at: undefined, text: 'z'.repeat(1000), record: {} as never }
  const described = describeLogEntry(entry)
  expect(bmcLogEntrySchema.safeParse(described).success).toBe(true)
  expect(described).toMatchObject({ id: '7', at: null })
})

test('an inventory leaves out what is empty', () => {
  expect(describeFru({ product: { name: ' R640 ', serialNumber: '', extra: [] } })).toEqual([
    { group: 'Product', name: 'Name', value: 'R640' },
  ])
})
