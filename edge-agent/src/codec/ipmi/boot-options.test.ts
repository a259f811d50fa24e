import { expect, it } from 'vitest'
import { planBootDevice } from '../../protocol/ipmi/boot-device.ts'
import { quirksOf } from '../../protocol/ipmi/quirks.ts'
import { bootDeviceCodes, decodeBootFlags, encodeBootFlags, setBootOption } from './boot-options.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

it.each([
  ['a004000000', { persistent: false, uefi: true }],
  ['e004000000', { persistent: true, uefi: true }],
  ['8004000000', { persistent: false, uefi: false }],
  ['c004000000', { persistent: true, uefi: false }],
])('PXE as %s', (bytes, flags) => {
  const encoded = encodeBootFlags({ ...flags, deviceCode: bootDeviceCodes.pxe })
  expect(hex(encoded)).toBe(bytes)
  expect(decodeBootFlags(encoded)).toEqual({ ...flags, isValid: true, device: 'pxe' })
})

it('is read from an answer with bytes too many, as the DL380 G5 gives', () => {
  const bytes = new Uint8Array(17)
  bytes[1] = 0x18
  expect(decodeBootFlags(bytes)).toEqual({ isValid: false, persistent: false, uefi: false, device: 'setup' })
})

it('is set in six steps, of which the flags alone must succeed', () => {
  const steps = planBootDevice({ device: 'pxe', persistent: false, uefi: true }, {})
  expect(steps.map((step) => hex(setBootOption.encode(step)))).toEqual([
    '0001',
    '040101',
    '0308',
    '05a004000000',
    '0002',
    '0000',
  ])
  expect(steps.filter(({ mayFail }) => !mayFail).map(({ parameter }) => parameter)).toEqual([5])
})

it('is another device for a UEFI disk of Supermicro’s, and for that alone', () => {
  const flags = (device: 'disk' | 'pxe', uefi: boolean, manufacturerId: number) =>
    hex(
      planBootDevice({ device, persistent: false, uefi }, quirksOf({ manufacturerId }))[3]?.data ??
        new Uint8Array(),
    )
  expect(flags('disk', true, 10876)).toBe('a024000000')
  expect(flags('disk', false, 10876)).toBe('8008000000')
  expect(flags('pxe', true, 10876)).toBe('a004000000')
  expect(flags('disk', true, 674)).toBe('a008000000')
})
