import { expect, it } from 'vitest'
import { decodeBoardArea, decodeChassisArea, decodeFruHeader, decodeProductArea } from './fru-areas.ts'

const bytes = (...parts: (number | string)[]): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'number' ? part : [0xc0 | part.length, ...Buffer.from(part)])),
  )

it('the header says where the areas are', () => {
  expect(decodeFruHeader(bytes(1, 0, 1, 0, 5, 0, 0, 0xf9))).toEqual({
    chassis: 8,
    board: undefined,
    product: 40,
  })
})

it('a board has a date, counted in minutes since 1996', () => {
  const area = bytes(1, 5, 0, 0x80, 0x2e, 0xc3, 'Dell', 'R650', 'SN1', '0PN', '', 'extra', 0xc1, 0, 0)
  expect(decodeBoardArea(area)).toEqual({
    manufacturedAt: new Date(Date.UTC(1996, 0, 1) + 0xc32e80 * 60_000),
    manufacturer: 'Dell',
    product: 'R650',
    serialNumber: 'SN1',
    partNumber: '0PN',
    extra: ['extra'],
  })
})

it('empty fields are left out, and an area may end without its mark', () => {
  expect(decodeProductArea(bytes(1, 3, 0, 'HPE', '', 'P1'))).toEqual({
    manufacturer: 'HPE',
    partNumber: 'P1',
    extra: [],
  })
  expect(decodeChassisArea(bytes(1, 3, 23, 'CP', 'CS', 0xc1))).toEqual({
    type: 23,
    partNumber: 'CP',
    serialNumber: 'CS',
    extra: [],
  })
})
