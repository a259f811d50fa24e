import type { FullSensorRecord, RawFormat } from '../../codec/ipmi/sdr-record.ts'
import type { SensorFactors } from '../../codec/ipmi/sensor-factors.ts'

/** Linearisations (IPMI 2.0 table 43-1, byte 24), from 0 on. */
const linearizations: readonly ((value: number) => number)[] = [
  (value) => value,
  Math.log,
  Math.log10,
  Math.log2,
  Math.exp,
  (value) => 10 ** value,
  (value) => 2 ** value,
  (value) => 1 / value,
  (value) => value ** 2,
  (value) => value ** 3,
  Math.sqrt,
  Math.cbrt,
]

/** Its factors must be asked for, reading by reading. */
export const nonLinear = 0x70

const reciprocal = 7

/** The raw byte as the number that the formula takes. Undefined for a sensor that has no numbers. */
function rawValue(raw: number, format: RawFormat): number | undefined {
  switch (format) {
    case 'unsigned':
      return raw
    case 'ones-complement':
      return raw < 0x80 ? raw : raw - 0xff
    case 'twos-complement':
      return raw < 0x80 ? raw : raw - 0x100
    case 'none':
      return undefined
  }
}

/**
 * A reading in its unit: L((M·x + B·10^bExponent) · 10^rExponent) (IPMI 2.0 §36.3). Undefined where the sensor has no numbers, its formula is
 * the maker's own, or the result is none (the logarithm of a negative number).
 */
export function convertReading(
  raw: number,
  sensor: { format: RawFormat; linearization: number; factors: SensorFactors },
): number | undefined {
  const x = rawValue(raw, sensor.format)
  const linearize =
    sensor.linearization === nonLinear ? linearizations[0] : linearizations[sensor.linearization]
  if (x === undefined || !linearize) return undefined
  const { m, b, bExponent, rExponent } = sensor.factors
  const value = linearize(scale(m * x + scale(b, bExponent), rExponent))
  return Number.isFinite(value) ? value : undefined
}

/** Divides by whole powers of ten where it can: 42 · 10^-1 is 4.2, not 4.2000000000000002. */
function scale(value: number, exponent: number): number {
  return exponent < 0 ? value / 10 ** -exponent : value * 10 ** exponent
}

export interface Thresholds {
  upperNonRecoverable?: number
  upperCritical?: number
  upperNonCritical?: number
  lowerNonRecoverable?: number
  lowerCritical?: number
  lowerNonCritical?: number
}

/** Thresholds in the sensor's unit; with 1/x a low raw number is a high value, and they change sides. */
export function convertThresholds(sensor: FullSensorRecord): Thresholds {
  if (sensor.linearization === nonLinear) return {}
  const converted = Object.entries(sensor.thresholds).flatMap(([name, raw]) => {
    const value = convertReading(raw, sensor)
    return value === undefined ? [] : [[name, value]]
  })
  const thresholds: Thresholds = Object.fromEntries(converted)
  if (sensor.linearization !== reciprocal) return thresholds
  const swapped = Object.entries(thresholds).map(([name, value]) => [
    name.startsWith('upper') ? name.replace('upper', 'lower') : name.replace('lower', 'upper'),
    value,
  ])
  return Object.fromEntries(swapped)
}

export type Health = 'ok' | 'non-critical' | 'critical' | 'non-recoverable'

/** From the states of a threshold sensor: bits 0-2 below, 3-5 above. */
export function thresholdHealth(states: number): Health {
  if ((states & 0x24) !== 0) return 'non-recoverable'
  if ((states & 0x12) !== 0) return 'critical'
  return (states & 0x09) !== 0 ? 'non-critical' : 'ok'
}
