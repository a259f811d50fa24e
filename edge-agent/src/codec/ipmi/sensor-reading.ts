import { answerReader, type IpmiCommand, netFns } from './command.ts'

export interface SensorReading {
  raw: number
  /** False while the sensor is not scanned, or has no reading yet: `raw` and `states` mean nothing then. */
  isAvailable: boolean
  /** Bit n: state n is asserted. For thresholds: 0-2 below non-critical, critical, non-recoverable; 3-5 above. */
  states: number
}

/** IPMI 2.0 §35.14; some BMCs leave out the states. To be asked of the sensor owner's unit. */
export const getSensorReading: IpmiCommand<{ sensor: number }, SensorReading> = {
  name: 'Get Sensor Reading',
  netFn: netFns.sensor,
  command: 0x2d,
  encode: ({ sensor }) => Uint8Array.of(sensor),
  decode: (data) => {
    const reader = answerReader(data, 'Get Sensor Reading')
    const raw = reader.uint8()
    const flags = reader.remaining > 0 ? reader.uint8() : 0
    const low = reader.remaining > 0 ? reader.uint8() : 0
    const high = reader.remaining > 0 ? reader.uint8() & 0x7f : 0
    return { raw, isAvailable: (flags & 0x60) === 0x40, states: low | (high << 8) }
  },
}
