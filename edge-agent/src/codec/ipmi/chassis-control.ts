import { decodeNothing, type IpmiCommand, netFns } from './command.ts'

const controls = { off: 0, on: 1, cycle: 2, reset: 3, diagnostic: 4, 'soft-off': 5 } as const

/** `diagnostic` is an NMI; `soft-off` presses the power button as ACPI sees it. */
export type ChassisControl = keyof typeof controls

/** IPMI 2.0 §28.3. */
export const chassisControl: IpmiCommand<{ control: ChassisControl }, undefined> = {
  name: 'Chassis Control',
  netFn: netFns.chassis,
  command: 0x02,
  encode: ({ control }) => Uint8Array.of(controls[control]),
  decode: decodeNothing,
  isOnce: true,
}
