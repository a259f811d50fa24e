import { answerReader, type IpmiCommand, netFns } from './command.ts'

/** y = L((M·x + B·10^bExponent) · 10^rExponent) (IPMI 2.0 §36.3). */
export interface SensorFactors {
  m: number
  b: number
  bExponent: number
  rExponent: number
}

/** The six bytes of factors, as a full sensor record and Get Sensor Reading Factors have them. */
export function decodeFactors(bytes: Uint8Array): SensorFactors {
  const [mLow = 0, mHigh = 0, bLow = 0, bHigh = 0, , exponents = 0] = bytes
  return {
    m: signed(mLow | ((mHigh & 0xc0) << 2), 10),
    b: signed(bLow | ((bHigh & 0xc0) << 2), 10),
    bExponent: signed(exponents & 0x0f, 4),
    rExponent: signed(exponents >> 4, 4),
  }
}

function signed(value: number, bits: number): number {
  return value >= 1 << (bits - 1) ? value - (1 << bits) : value
}

/** IPMI 2.0 §35.5: the factors of a non-linear sensor, for one raw reading. */
export const getSensorFactors: IpmiCommand<{ sensor: number; raw: number }, SensorFactors> = {
  name: 'Get Sensor Reading Factors',
  netFn: netFns.sensor,
  command: 0x23,
  encode: ({ sensor, raw }) => Uint8Array.of(sensor, raw),
  decode: (data) => {
    const reader = answerReader(data, 'Get Sensor Reading Factors')
    reader.uint8()
    return decodeFactors(reader.bytes(6))
  },
}
