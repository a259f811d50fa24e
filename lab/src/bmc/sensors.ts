/** The sensors of a simulated server, and what they read in its state. Pure. */

export type SensorKind = 'temperature' | 'fan' | 'voltage' | 'power'

export interface SensorDefinition {
  number: number
  name: string
  kind: SensorKind
  /** IPMI entity that it belongs to (7 system board, 3 processor, 10 power supply, 29 fan, 64 air inlet). */
  entity: number
  /** value = raw * factor * 10^exponent */
  factor: number
  exponent: number
  /** Upper (or, for fans and voltages, also lower) limits, in the sensor's unit. */
  thresholds: {
    upperNonCritical?: number
    upperCritical?: number
    lowerNonCritical?: number
    lowerCritical?: number
  }
  /** Reads something while the machine is off. */
  isStandby: boolean
  /** Around which value it moves, and how far, while the machine is on. */
  onValue: number
  swing: number
  /** The value while off, for those that read then. */
  offValue: number
}

export const sensors: readonly SensorDefinition[] = [
  {
    number: 1,
    name: 'Inlet Temp',
    kind: 'temperature',
    entity: 64,
    factor: 1,
    exponent: 0,
    thresholds: { upperNonCritical: 38, upperCritical: 42 },
    isStandby: true,
    onValue: 23,
    swing: 1.5,
    offValue: 22,
  },
  {
    number: 2,
    name: 'CPU1 Temp',
    kind: 'temperature',
    entity: 3,
    factor: 1,
    exponent: 0,
    thresholds: { upperNonCritical: 85, upperCritical: 95 },
    isStandby: false,
    onValue: 48,
    swing: 6,
    offValue: 0,
  },
  {
    number: 3,
    name: 'Fan1',
    kind: 'fan',
    entity: 29,
    factor: 60,
    exponent: 0,
    thresholds: { lowerNonCritical: 1200, lowerCritical: 600 },
    isStandby: false,
    onValue: 5200,
    swing: 400,
    offValue: 0,
  },
  {
    number: 4,
    name: 'Fan2',
    kind: 'fan',
    entity: 29,
    factor: 60,
    exponent: 0,
    thresholds: { lowerNonCritical: 1200, lowerCritical: 600 },
    isStandby: false,
    onValue: 5100,
    swing: 400,
    offValue: 0,
  },
  {
    number: 5,
    name: '12V',
    kind: 'voltage',
    entity: 7,
    factor: 63,
    exponent: -3,
    thresholds: { upperCritical: 13.23, lowerCritical: 10.773 },
    isStandby: false,
    onValue: 12.1,
    swing: 0.07,
    offValue: 0,
  },
  {
    number: 6,
    name: '3.3VSB',
    kind: 'voltage',
    entity: 7,
    factor: 17,
    exponent: -3,
    thresholds: { upperCritical: 3.638, lowerCritical: 2.958 },
    isStandby: true,
    onValue: 3.33,
    swing: 0.02,
    offValue: 3.35,
  },
  {
    number: 7,
    name: 'Pwr Consumption',
    kind: 'power',
    entity: 10,
    factor: 4,
    exponent: 0,
    thresholds: { upperNonCritical: 700, upperCritical: 760 },
    isStandby: true,
    onValue: 184,
    swing: 36,
    offValue: 12,
  },
]

export interface MachineCondition {
  isOn: boolean
  nowMs: number
  /** Of the last change of power. */
  changedAtMs: number
  /** Makes two machines read differently: any number. */
  seed: number
}

/** How long a machine takes to warm up, or to cool down. */
const settleMs = 60_000

/** What a sensor reads; undefined when it reads nothing in this state. */
export function readSensor(sensor: SensorDefinition, condition: MachineCondition): number | undefined {
  const { isOn, nowMs, changedAtMs, seed } = condition
  if (!isOn && !sensor.isStandby) return undefined
  const individual = (((seed * (sensor.number + 7)) % 97) / 97 - 0.5) * sensor.swing
  const wave = Math.sin(nowMs / 47_000 + seed + sensor.number) * 0.7 + Math.sin(nowMs / 7_100 + seed) * 0.3
  const steady = isOn
    ? sensor.onValue + individual + wave * sensor.swing
    : sensor.offValue + wave * Math.min(1, sensor.swing) * 0.5
  if (sensor.kind !== 'temperature') return Math.max(0, steady)
  // Heat takes its time; everything else follows the power at once.
  const settled = Math.min(1, Math.max(0, (nowMs - changedAtMs) / settleMs))
  const before = isOn ? Math.min(sensor.onValue, 24) : sensor.onValue
  return before + (steady - before) * settled
}

/** The raw byte of a reading, as an 8-bit sensor has it. */
export function rawReading(sensor: SensorDefinition, value: number): number {
  return Math.max(0, Math.min(255, Math.round(value / (sensor.factor * 10 ** sensor.exponent))))
}

/** What an 8-bit sensor makes of a value: its nearest step. */
export function steppedReading(sensor: SensorDefinition, value: number): number {
  return Number((rawReading(sensor, value) * sensor.factor * 10 ** sensor.exponent).toFixed(3))
}
