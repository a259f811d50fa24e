import { expect, it } from 'vitest'
import type { Sensor } from '../../api/views.ts'
import { describeLimits, formatReading, groupSensors } from './sensor-groups.ts'

const sensor = (name: string, kind: string, health: Sensor['health'] = 'ok'): Sensor => ({
  name,
  kind,
  value: 1,
  unit: null,
  states: [],
  health,
})

it('sensors are grouped by kind, temperatures first, and what wants a person on top', () => {
  const groups = groupSensors([
    sensor('P1', 'voltage'),
    sensor('T1', 'temperature'),
    sensor('T2', 'Temperature', 'critical'),
    sensor('X', 'chassis intrusion'),
  ])
  expect(groups.map(({ kind, sensors }) => [kind, sensors.map(({ name }) => name)])).toEqual([
    ['temperature', ['T2', 'T1']],
    ['voltage', ['P1']],
    ['chassis intrusion', ['X']],
  ])
})

it.each([
  [{ value: 4230.6, unit: 'RPM' }, '4231 RPM'],
  [{ value: 12.06, unit: 'V' }, '12.1 V'],
  [{ value: 1.056, unit: 'V' }, '1.06 V'],
  [{ value: 3, unit: null }, '3'],
  [{ value: null, unit: 'V' }, '–'],
])('%o reads %s', (reading, text) => {
  expect(formatReading(reading)).toBe(text)
})

it('limits are said as far as they are known', () => {
  expect(describeLimits({ unit: '°C', thresholds: { upperWarning: 43, upperCritical: 47 } })).toBe(
    'warning above 43 °C, critical above 47 °C',
  )
  expect(describeLimits({ unit: null })).toBe('')
})
