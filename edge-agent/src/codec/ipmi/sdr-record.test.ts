import { expect, it } from 'vitest'
import { MalformedPacketError } from '../malformed-packet-error.ts'
import { decodeSdrRecord } from './sdr-record.ts'

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replace(/\s/g, ''), 'hex'))

const temperature = bytes(
  `0100 51 01 33 20 00 01 03 01 7f 68 01 01 0000 0000 3838 80 01 00 00 01 00 00 00 00 00
   00 00 00 00 ff 00 a0 90 70 00 00 00 02 02 00 00 00 c8 43505520 54656d70`,
)

it('a full record has its factors, its thresholds where they can be read, and its name', () => {
  expect(decodeSdrRecord(temperature)).toMatchObject({
    kind: 'full',
    recordId: 1,
    ownerId: 0x20,
    number: 1,
    entityId: 3,
    sensorType: 1,
    eventType: 1,
    format: 'twos-complement',
    baseUnit: 1,
    factors: { m: 1, b: 0, rExponent: 0, bExponent: 0 },
    thresholds: { upperNonRecoverable: 0xa0, upperCritical: 0x90, upperNonCritical: 0x70 },
    name: 'CPU Temp',
  })
})

it('a record whose name is cut short keeps what there is of it', () => {
  expect(decodeSdrRecord(temperature.subarray(0, 52))).toMatchObject({ name: 'CPU' })
})

it('a record that ends before its name is malformed, or has none', () => {
  for (let length = 0; length < 48; length++)
    try {
      expect(decodeSdrRecord(temperature.subarray(0, length))).toMatchObject({ name: '' })
    } catch (error) {
      expect(error).toBeInstanceOf(MalformedPacketError)
    }
})

it('a compact record may stand for several sensors', () => {
  const compact = bytes(
    '0200 51 02 1f 20 00 30 0a 01 00 00 08 6f 0000 0000 0000 00 00 00 03 00 00 00 00 00 00 00 c3 505355',
  )
  expect(decodeSdrRecord(compact)).toMatchObject({
    kind: 'compact',
    sensorType: 8,
    eventType: 0x6f,
    shareCount: 3,
    name: 'PSU',
  })
})

it('a FRU locator names a FRU; other types are passed over', () => {
  const locator = bytes('0300 51 11 0b 20 07 80 00 00 00 00 07 01 00 c2 4d42')
  expect(decodeSdrRecord(locator)).toMatchObject({ kind: 'fru', fruId: 7, isLogical: true, name: 'MB' })
  expect(decodeSdrRecord(bytes('0400 51 c0 00'))).toEqual({ kind: 'other', recordId: 4, type: 0xc0 })
})
