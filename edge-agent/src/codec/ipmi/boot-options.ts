import { answerReader, decodeNothing, type IpmiCommand, netFns } from './command.ts'

/** Parameters of the system boot options (IPMI 2.0 table 28-14). */
export const bootParameters = { setInProgress: 0, flagValidity: 3, infoAcknowledge: 4, bootFlags: 5 } as const

const completionCodes = {
  128: 'this boot option is not supported',
  129: 'somebody else is setting the boot options',
  130: 'this boot option can only be read',
}

/** IPMI 2.0 §28.12. */
export const setBootOption: IpmiCommand<{ parameter: number; data: Uint8Array }, undefined> = {
  name: 'Set System Boot Options',
  netFn: netFns.chassis,
  command: 0x08,
  encode: ({ parameter, data }) => Uint8Array.of(parameter, ...data),
  decode: decodeNothing,
  completionCodes,
}

/** IPMI 2.0 §28.13. Answers the parameter's data alone. */
export const getBootOption: IpmiCommand<{ parameter: number }, Uint8Array> = {
  name: 'Get System Boot Options',
  netFn: netFns.chassis,
  command: 0x09,
  encode: ({ parameter }) => Uint8Array.of(parameter, 0, 0),
  decode: (data) => {
    const reader = answerReader(data, 'Get System Boot Options')
    reader.bytes(2)
    return reader.rest()
  },
  completionCodes,
}

/** Boot devices as the second byte of the boot flags holds them. */
export const bootDeviceCodes = {
  none: 0x00,
  pxe: 0x04,
  disk: 0x08,
  'disk-safe': 0x0c,
  diagnostics: 0x10,
  cdrom: 0x14,
  setup: 0x18,
  'remote-floppy': 0x1c,
  'remote-cdrom': 0x20,
  'primary-remote': 0x24,
  'remote-disk': 0x2c,
  floppy: 0x3c,
} as const

export type BootDeviceName = keyof typeof bootDeviceCodes

export interface BootFlags {
  /** Not yet consumed by the firmware. */
  isValid: boolean
  persistent: boolean
  uefi: boolean
  device: BootDeviceName | 'unknown'
}

/** The five bytes of parameter 5. `deviceCode` is one of `bootDeviceCodes`, or a maker's own. */
export function encodeBootFlags(flags: {
  persistent: boolean
  uefi: boolean
  deviceCode: number
}): Uint8Array {
  const first = 0x80 | (flags.persistent ? 0x40 : 0) | (flags.uefi ? 0x20 : 0)
  return Uint8Array.of(first, flags.deviceCode, 0, 0, 0)
}

/** Some BMCs (HP DL380 G5) append bytes that mean nothing. @throws MalformedPacketError */
export function decodeBootFlags(data: Uint8Array): BootFlags {
  const reader = answerReader(data, 'Get System Boot Options')
  const first = reader.uint8()
  const code = reader.uint8() & 0x3c
  const known = Object.entries(bootDeviceCodes).find(([, value]) => value === code)
  return {
    isValid: (first & 0x80) !== 0,
    persistent: (first & 0x40) !== 0,
    uefi: (first & 0x20) !== 0,
    device: (known?.[0] as BootDeviceName | undefined) ?? 'unknown',
  }
}
