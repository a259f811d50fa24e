import { decodeNothing, type IpmiCommand, netFns } from './command.ts'

/** IPMI 2.0 §28.5. `seconds` 0-255, 0 is off; `forever` is a second byte that old BMCs refuse with C7h. */
export const chassisIdentify: IpmiCommand<{ seconds: number; forever: boolean }, undefined> = {
  name: 'Chassis Identify',
  netFn: netFns.chassis,
  command: 0x04,
  encode: ({ seconds, forever }) => (forever ? Uint8Array.of(seconds, 1) : Uint8Array.of(seconds)),
  decode: decodeNothing,
}
