import type { Sensor } from '@dragonfly/schema/wire'
import { listAt, numberAt, type Resource, resourceAt, textAt } from './resource.ts'

/** Redfish's ReadingType, and what we call it. */
const kinds: Record<string, { kind: string; unit: string }> = {
  Temperature: { kind: 'temperature', unit: '°C' },
  Rotational: { kind: 'fan', unit: 'RPM' },
  Voltage: { kind: 'voltage', unit: 'V' },
  Current: { kind: 'current', unit: 'A' },
  Power: { kind: 'power', unit: 'W' },
  Percent: { kind: 'percent', unit: '%' },
  EnergykWh: { kind: 'energy', unit: 'kWh' },
  EnergyJoules: { kind: 'energy', unit: 'J' },
  Humidity: { kind: 'humidity', unit: '%' },
}

/** UCUM, as far as BMCs use it. */
const units: Record<string, string> = {
  Cel: '°C',
  RPM: 'RPM',
  '{rev}/min': 'RPM',
  Percent: '%',
  'kW.h': 'kWh',
}

/** A `Sensor` (2018.3 and later). Null for one that is absent. */
export function parseSensor(resource: Resource): Sensor | null {
  const type = textAt(resource, 'ReadingType') ?? ''
  const known = Object.hasOwn(kinds, type) ? kinds[type] : undefined
  const said = textAt(resource, 'ReadingUnits')
  const unit = said === null ? (known?.unit ?? null) : (Object.hasOwn(units, said) && units[said]) || said
  return build(resource, known?.kind ?? (type.toLowerCase() || 'other'), numberAt(resource, 'Reading'), unit)
}

/** `Chassis/<id>/Thermal`, the form before 2020.4. */
export function parseThermal(resource: Resource): Sensor[] {
  const temperatures = listAt(resource, 'Temperatures').map((entry) =>
    build(entry, 'temperature', numberAt(entry, 'ReadingCelsius'), '°C'),
  )
  const fans = listAt(resource, 'Fans').map((entry) => {
    const unit = textAt(entry, 'ReadingUnits') === 'Percent' ? '%' : 'RPM'
    return build(entry, 'fan', numberAt(entry, 'Reading') ?? numberAt(entry, 'ReadingRPM'), unit)
  })
  return present([...temperatures, ...fans])
}

/** `Chassis/<id>/Power`, the form before 2020.4. */
export function parsePower(resource: Resource): Sensor[] {
  const [whole] = listAt(resource, 'PowerControl')
  const draw = whole ? [build(whole, 'power', numberAt(whole, 'PowerConsumedWatts'), 'W', 'Power draw')] : []
  const voltages = listAt(resource, 'Voltages').map((entry) =>
    build(entry, 'voltage', numberAt(entry, 'ReadingVolts'), 'V'),
  )
  const supplies = listAt(resource, 'PowerSupplies').map((entry) => {
    const watts = numberAt(entry, 'PowerInputWatts') ?? numberAt(entry, 'LastPowerOutputWatts')
    return build(entry, 'power', watts, 'W')
  })
  return present([...draw, ...voltages, ...supplies])
}

/** `ThermalSubsystem/ThermalMetrics`: readings with less around them. */
export function parseThermalMetrics(resource: Resource): Sensor[] {
  return present(
    listAt(resource, 'TemperatureReadingsCelsius').map((entry) => {
      const source = textAt(entry, 'DataSourceUri')?.split('/').at(-1) ?? null
      const name = source ?? textAt(entry, 'DeviceName') ?? textAt(entry, 'PhysicalContext')
      return build(entry, 'temperature', numberAt(entry, 'Reading'), '°C', name)
    }),
  )
}

/** A `Fan` of the `ThermalSubsystem`. */
export function parseFan(resource: Resource): Sensor | null {
  const rpm = numberAt(resource, 'SpeedPercent', 'SpeedRPM')
  const percent = numberAt(resource, 'SpeedPercent', 'Reading')
  return rpm === null ? build(resource, 'fan', percent, '%') : build(resource, 'fan', rpm, 'RPM')
}

const present = (sensors: readonly (Sensor | null)[]): Sensor[] => sensors.filter((sensor) => sensor !== null)

function build(
  resource: Resource,
  kind: string,
  value: number | null,
  unit: string | null,
  name: string | null = textAt(resource, 'Name') ?? textAt(resource, 'Id'),
): Sensor | null {
  const state = textAt(resource, 'Status', 'State')
  if (state === 'Absent' || name === null) return null
  const told = textAt(resource, 'Status', 'Health')
  const states = state === null || state === 'Enabled' ? [] : [state]
  return { name, kind, value, unit, states, health: worse(parseHealth(told), judge(resource, value)) }
}

export function parseHealth(health: string | null): Sensor['health'] {
  switch (health) {
    case 'OK':
      return 'ok'
    case 'Warning':
      return 'warning'
    case 'Critical':
      return 'critical'
    default:
      return 'unknown'
  }
}

/** By its thresholds: some BMCs leave a sensor's health at OK, whatever it reads. */
function judge(resource: Resource, value: number | null): Sensor['health'] {
  if (value === null) return 'unknown'
  const thresholds = resourceAt(resource, 'Thresholds')
  const at = (modern: string, old: string) =>
    numberAt(thresholds, modern, 'Reading') ?? numberAt(resource, old)
  const isOver = (limit: number | null) => limit !== null && limit > 0 && value >= limit
  const isUnder = (limit: number | null) => limit !== null && value <= limit
  if (
    isOver(at('UpperCritical', 'UpperThresholdCritical')) ||
    isUnder(at('LowerCritical', 'LowerThresholdCritical'))
  )
    return 'critical'
  if (
    isOver(at('UpperCaution', 'UpperThresholdNonCritical')) ||
    isUnder(at('LowerCaution', 'LowerThresholdNonCritical'))
  )
    return 'warning'
  return 'unknown'
}

const severity: readonly Sensor['health'][] = ['unknown', 'ok', 'warning', 'critical']

function worse(told: Sensor['health'], judged: Sensor['health']): Sensor['health'] {
  // A value of a part that says nothing of itself may be nonsense, as the temperature of an empty slot.
  if (told === 'unknown') return 'unknown'
  return severity.indexOf(judged) > severity.indexOf(told) ? judged : told
}
