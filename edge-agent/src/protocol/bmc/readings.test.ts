import type { Sensor } from '@dragonfly/schema/wire'
import { expect, test } from 'vitest'
import { pickTemperatures } from './readings.ts'

const sensor = (name: string, value: number | null, more: Partial<Sensor> = {}): Sensor => ({
  name,
  kind: 'temperature',
  value,
  unit: '°C',
  states: [],
  health: 'ok',
  ...more,
})

test.each([
  ['what the BMC calls its inlet', [sensor('T1', 21, { isInlet: true }), sensor('Inlet Temp', 30)], 21, 30],
  ['the name', [sensor('CPU1 Temp', 64), sensor('Inlet Temp', 24)], 24, 64],
  ['another name', [sensor('Ambient', 19), sensor('Exhaust Temp', 38)], 19, 38],
  ['no inlet', [sensor('CPU1 Temp', 64)], null, 64],
  ['no reading', [sensor('CPU1 Temp', null), sensor('Inlet', null)], null, null],
  ['margins and nonsense', [sensor('CPU DTS margin', 99), sensor('P1', 255), sensor('P2', 41)], null, 41],
  ['fans', [sensor('Fan 1', 90, { kind: 'fan', unit: 'RPM' })], null, null],
] as const)('%s', (_what, sensors, inletCelsius, hottestCelsius) => {
  expect(pickTemperatures(sensors)).toEqual({ inletCelsius, hottestCelsius })
})
