import {
  type BootDeviceName,
  bootDeviceCodes,
  bootParameters,
  encodeBootFlags,
} from '../../codec/ipmi/boot-options.ts'
import type { Quirks } from './quirks.ts'

export interface BootDeviceWish {
  /** `none` takes an override back. */
  device: Extract<BootDeviceName, 'pxe' | 'disk' | 'cdrom' | 'setup' | 'none'>
  persistent: boolean
  uefi: boolean
}

export interface BootOptionWrite {
  parameter: number
  data: Uint8Array
  /** What the BMC answers to this step does not matter. */
  mayFail: boolean
}

/** Keep the flags for longer than a minute: the machine may take that long to be powered on. */
const keepAfterTimeout = 0x08

/**
 * The writes that set a boot device, in order (IPMI 2.0 §28.12). The bookkeeping around the flags is not implemented by everybody
 * (OpenBMC has no parameter 3), so only the flags themselves must succeed.
 */
export function planBootDevice(wish: BootDeviceWish, quirks: Quirks): BootOptionWrite[] {
  const optional = (parameter: number, ...data: number[]): BootOptionWrite => ({
    parameter,
    data: Uint8Array.from(data),
    mayFail: true,
  })
  const isUefiDisk = wish.device === 'disk' && wish.uefi
  const deviceCode = (isUefiDisk ? quirks.uefiDiskDeviceCode : undefined) ?? bootDeviceCodes[wish.device]
  const data = encodeBootFlags({ persistent: wish.persistent, uefi: wish.uefi, deviceCode })
  return [
    optional(bootParameters.setInProgress, 1),
    optional(bootParameters.infoAcknowledge, 1, 1),
    optional(bootParameters.flagValidity, keepAfterTimeout),
    { parameter: bootParameters.bootFlags, data, mayFail: false },
    optional(bootParameters.setInProgress, 2),
    optional(bootParameters.setInProgress, 0),
  ]
}
