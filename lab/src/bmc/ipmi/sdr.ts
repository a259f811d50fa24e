import { rawReading, type SensorDefinition, type SensorKind, sensors } from '../sensors.ts'

/** Sensor type and base unit codes (IPMI 2.0, tables 42-3 and 43-15). */
const kinds: Record<SensorKind, { sensorType: number; unit: number }> = {
  temperature: { sensorType: 0x01, unit: 1 },
  fan: { sensorType: 0x04, unit: 18 },
  voltage: { sensorType: 0x02, unit: 4 },
  power: { sensorType: 0x0b, unit: 6 },
}

/** Sensors of states instead of values: the machine's power, and whether its power supply is there. */
export const discreteSensors = [
  { number: 0x20, name: 'ACPI State', sensorType: 0x22, entity: 7 },
  { number: 0x22, name: 'PS1 Status', sensorType: 0x08, entity: 10 },
] as const

function typeAndName(name: string): Buffer {
  return Buffer.concat([Buffer.from([0xc0 | name.length]), Buffer.from(name, 'latin1')])
}

function record(id: number, type: number, body: Buffer): Buffer {
  const header = Buffer.from([0, 0, 0x51, type, body.length])
  header.writeUInt16LE(id)
  return Buffer.concat([header, body])
}

/** Bits of thresholds as masks have them: LNC, LCR, LNR, UNC, UCR, UNR from bit 0 up. */
export function thresholdMask({ thresholds }: SensorDefinition): number {
  return (
    (thresholds.lowerNonCritical === undefined ? 0 : 0x01) |
    (thresholds.lowerCritical === undefined ? 0 : 0x02) |
    (thresholds.upperNonCritical === undefined ? 0 : 0x08) |
    (thresholds.upperCritical === undefined ? 0 : 0x10)
  )
}

/** The raw threshold bytes in the order of Get Sensor Thresholds: LNC, LCR, LNR, UNC, UCR, UNR. */
export function rawThresholds(sensor: SensorDefinition): number[] {
  const { lowerNonCritical, lowerCritical, upperNonCritical, upperCritical } = sensor.thresholds
  const raw = (value: number | undefined): number => (value === undefined ? 0 : rawReading(sensor, value))
  return [raw(lowerNonCritical), raw(lowerCritical), 0, raw(upperNonCritical), raw(upperCritical), 0]
}

/** A full sensor record (43.1): a linear sensor of one unsigned byte. */
function fullRecord(id: number, sensor: SensorDefinition): Buffer {
  const { sensorType, unit } = kinds[sensor.kind]
  const body = Buffer.alloc(43)
  const mask = thresholdMask(sensor)
  body.set([0x20, 0x00, sensor.number, sensor.entity, 1, 0x7f, 0x68, sensorType, 0x01])
  // Lower thresholds that give events, upper ones, and the thresholds that can be read.
  body.writeUInt16LE(0x7000 | (mask & 0x07 ? 0x0005 : 0), 9)
  body.writeUInt16LE(0x7000 | (mask & 0x38 ? 0x0280 : 0), 11)
  body.set([mask, 0x00], 13)
  body.set([0x00, unit, 0x00, 0x00], 15)
  body.set(
    [sensor.factor & 0xff, ((sensor.factor >> 8) & 3) << 6, 0, 0, 0, (sensor.exponent & 0x0f) << 4],
    19,
  )
  body.set([0x01, rawReading(sensor, sensor.onValue), 0, 0, 0xff, 0x00], 25)
  const [lnc = 0, lcr = 0, lnr = 0, unc = 0, ucr = 0, unr = 0] = rawThresholds(sensor)
  body.set([unr, ucr, unc, lnr, lcr, lnc, 1, 1], 31)
  return record(id, 0x01, Buffer.concat([body.subarray(0, 42), typeAndName(sensor.name)]))
}

/** A compact sensor record (43.2). */
function compactRecord(id: number, sensor: (typeof discreteSensors)[number]): Buffer {
  const body = Buffer.alloc(26)
  body.set([0x20, 0x00, sensor.number, sensor.entity, 1, 0x67, 0x40, sensor.sensorType, 0x6f])
  body.writeUInt16LE(0x7fff, 9)
  body.writeUInt16LE(0x7fff, 11)
  body.writeUInt16LE(0x7fff, 13)
  body.set([0xc0, 0, 0, 0x01], 15)
  return record(id, 0x02, Buffer.concat([body, typeAndName(sensor.name)]))
}

/** Where the FRU data is (43.8), and what the BMC itself is (43.9). */
function locatorRecords(firstId: number): Buffer[] {
  const fru = Buffer.from([0x20, 0x00, 0x80, 0x00, 0x00, 0x10, 0x00, 7, 1, 0x00])
  const controller = Buffer.from([0x20, 0x00, 0x00, 0x9f, 0, 0, 0, 6, 1, 0x00])
  return [
    record(firstId, 0x11, Buffer.concat([fru, typeAndName('Mainboard')])),
    record(firstId + 1, 0x12, Buffer.concat([controller, typeAndName('BMC')])),
  ]
}

/** Every record of the repository; record ids count from 1. */
export const sdrRecords: readonly Buffer[] = [
  ...sensors.map((sensor, index) => fullRecord(index + 1, sensor)),
  ...discreteSensors.map((sensor, index) => compactRecord(sensors.length + index + 1, sensor)),
  ...locatorRecords(sensors.length + discreteSensors.length + 1),
]
