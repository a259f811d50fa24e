import { expect, it } from 'vitest'
import { decodeTypedText } from './type-length.ts'

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))

it.each([
  [0, '0aff', '0aff'],
  [1, '1234ab5c', '1234 -5.'],
  // "IPMI" in six bits: the specification's own example (§43.15)
  [2, '29dca6', 'IPMI'],
  [3, '20444950004d', 'DIP M'],
])('text of type %i is read', (type, hex, text) => {
  expect(decodeTypedText(type, bytes(hex))).toBe(text)
})
