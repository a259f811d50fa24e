import { describe, expect, it } from 'vitest'
import { seed, seededRandom } from '../../../test/random.ts'
import { decodeFactors, type SensorFactors } from '../../codec/ipmi/sensor-factors.ts'
import { convertReading, thresholdHealth } from './sensor-conversion.ts'

/** As a sensor record's bytes 24-29 hold them (IPMI 2.0 table 43-1). */
function encodeFactors({ m, b, rExponent, bExponent }: SensorFactors): Uint8Array {
  const high = (value: number): number => ((value >> 8) & 3) << 6
  const exponents = ((rExponent & 15) << 4) | (bExponent & 15)
  return Uint8Array.of(m & 255, high(m) | 0x15, b & 255, high(b) | 0x2a, 0xff, exponents)
}

const random = seededRandom(seed)
const between = (low: number, high: number): number => low + Math.floor(random() * (high - low + 1))
const factorsOf = (changes: Partial<SensorFactors> = {}): SensorFactors => ({
  m: between(-512, 511),
  b: between(-512, 511),
  rExponent: between(-8, 7),
  bExponent: between(-8, 7),
  ...changes,
})
const plain = { format: 'unsigned', linearization: 0 } as const

/** The formula as it stands in the specification, in one line. */
const reference = (x: number, { m, b, bExponent, rExponent }: SensorFactors): number =>
  (m * x + b * 10 ** bExponent) * 10 ** rExponent

describe(`the conversion of readings (DRAGONFLY_SEED=${seed})`, () => {
  it('reads every M, B and exponent as it was written', () => {
    for (let m = -512; m < 512; m++)
      for (const exponent of [-8, -1, 0, 7]) {
        const factors = { m, b: -m - 1, rExponent: exponent, bExponent: -exponent - 1 }
        expect(decodeFactors(encodeFactors(factors))).toEqual(factors)
      }
  })

  it('follows the formula of the specification', () => {
    for (let run = 0; run < 20_000; run++) {
      const factors = factorsOf()
      const raw = between(0, 255)
      const value = convertReading(raw, { ...plain, factors })
      const expected = reference(raw, factors)
      expect(Math.abs((value ?? Number.NaN) - expected)).toBeLessThanOrEqual(1e-9 * (1 + Math.abs(expected)))
    }
  })

  it('rises with the raw reading when M is positive, and falls when it is negative', () => {
    for (const format of ['unsigned', 'ones-complement', 'twos-complement'] as const)
      for (let run = 0; run < 200; run++) {
        const factors = factorsOf({ m: between(1, 511) * (run % 2 ? 1 : -1), bExponent: between(-8, 2) })
        const order = format === 'unsigned' ? 0 : 0x80
        const values = Array.from({ length: 256 }, (_, index) =>
          convertReading((index + order) & 255, { format, linearization: 0, factors }),
        ) as number[]
        for (let index = 1; index < values.length; index++) {
          const step = (values[index] ?? 0) - (values[index - 1] ?? 0)
          expect(step * Math.sign(factors.m)).toBeGreaterThanOrEqual(0)
        }
      }
  })

  it('gives round numbers where the factors are round', () => {
    const factors = { m: 1, b: 0, rExponent: -1, bExponent: 0 }
    expect(convertReading(42, { ...plain, factors })).toBe(4.2)
    expect(convertReading(33, { ...plain, factors: { ...factors, rExponent: -2 } })).toBe(0.33)
  })

  it.each([
    ['linear', 0, 4],
    ['ln', 1, Math.log(4)],
    ['log10', 2, Math.log10(4)],
    ['log2', 3, 2],
    ['e^x', 4, Math.exp(4)],
    ['10^x', 5, 10_000],
    ['2^x', 6, 16],
    ['1/x', 7, 0.25],
    ['x²', 8, 16],
    ['x³', 9, 64],
    ['√x', 10, 2],
    ['∛x', 11, Math.cbrt(4)],
    ['non-linear, with the factors of this reading', 0x70, 4],
  ])('knows the linearisation %s', (_, linearization, expected) => {
    const factors = { m: 1, b: 0, rExponent: 0, bExponent: 0 }
    expect(convertReading(4, { format: 'unsigned', linearization, factors })).toBeCloseTo(expected, 12)
  })

  it('has no value where there can be none', () => {
    const factors = { m: 1, b: 0, rExponent: 0, bExponent: 0 }
    expect(convertReading(0, { format: 'unsigned', linearization: 7, factors })).toBeUndefined()
    expect(convertReading(0, { format: 'unsigned', linearization: 1, factors })).toBeUndefined()
    expect(convertReading(4, { format: 'unsigned', linearization: 0x71, factors })).toBeUndefined()
    expect(convertReading(4, { format: 'none', linearization: 0, factors })).toBeUndefined()
  })

  it('reads negative numbers by either complement', () => {
    const factors = { m: 1, b: 0, rExponent: 0, bExponent: 0 }
    const read = (raw: number, format: 'ones-complement' | 'twos-complement') =>
      convertReading(raw, { format, linearization: 0, factors })
    expect([read(0xff, 'twos-complement'), read(0x80, 'twos-complement')]).toEqual([-1, -128])
    expect([read(0xfe, 'ones-complement'), read(0x80, 'ones-complement')]).toEqual([-1, -127])
    expect(read(0xff, 'ones-complement')).toBe(0)
  })

  it('takes the worst of several thresholds', () => {
    expect([0, 0x01, 0x08, 0x02, 0x18, 0x3f].map(thresholdHealth)).toEqual([
      'ok',
      'non-critical',
      'non-critical',
      'critical',
      'critical',
      'non-recoverable',
    ])
  })
})
