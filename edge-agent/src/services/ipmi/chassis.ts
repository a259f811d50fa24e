import {
  type BootFlags,
  bootParameters,
  decodeBootFlags,
  getBootOption,
  setBootOption,
} from '../../codec/ipmi/boot-options.ts'
import {
  type ChassisControl,
  chassisControl as chassisControlCommand,
} from '../../codec/ipmi/chassis-control.ts'
import { chassisIdentify } from '../../codec/ipmi/chassis-identify.ts'
import {
  type ChassisStatus,
  getChassisStatus as chassisStatusCommand,
} from '../../codec/ipmi/chassis-status.ts'
import { completionCodes } from '../../codec/ipmi/completion-codes.ts'
import { type DeviceId, getDeviceId as deviceIdCommand } from '../../codec/ipmi/device-id.ts'
import { type SystemGuid, getSystemGuid as systemGuidCommand } from '../../codec/ipmi/system-guid.ts'
import { MalformedPacketError } from '../../codec/malformed-packet-error.ts'
import { type BootDeviceWish, planBootDevice } from '../../protocol/ipmi/boot-device.ts'
import { IpmiError } from '../../protocol/ipmi/ipmi-error.ts'
import { type Quirks, quirksOf } from '../../protocol/ipmi/quirks.ts'
import { isRefusal } from './refusals.ts'
import type { IpmiSession } from './session.ts'

export function getDeviceId(session: IpmiSession): Promise<DeviceId> {
  return session.request(deviceIdCommand, undefined)
}

export function getSystemGuid(session: IpmiSession): Promise<SystemGuid> {
  return session.request(systemGuidCommand, undefined)
}

export function getChassisStatus(session: IpmiSession): Promise<ChassisStatus> {
  return session.request(chassisStatusCommand, undefined)
}

/** Codes by which BMCs say that a machine that is off can be neither cycled nor reset. */
const refusedWhileOff = [
  completionCodes.notInPresentState,
  completionCodes.busy,
  completionCodes.invalidField,
]

/** Switches the machine. `cycle` and `reset` turn on one that is off. */
export async function chassisControl(session: IpmiSession, control: ChassisControl): Promise<void> {
  const startsAnyway = control === 'cycle' || control === 'reset'
  try {
    await session.request(chassisControlCommand, { control }, { retriesBusy: !startsAnyway })
  } catch (error) {
    if (!startsAnyway || !isRefusal(error, ...refusedWhileOff)) throw error
    const { power } = await getChassisStatus(session)
    await session.request(chassisControlCommand, { control: power === 'off' ? 'on' : control })
  }
}

const longestIdentifySeconds = 255

/** Lights the identify LED for so many seconds (at most 255), until further notice, or no more. */
export async function identify(session: IpmiSession, wish: number | 'on' | 'off'): Promise<void> {
  if (wish !== 'on') {
    const wanted = wish === 'off' ? 0 : Math.round(wish)
    const seconds = Math.max(0, Math.min(wanted, longestIdentifySeconds))
    return session.request(chassisIdentify, { seconds, forever: false })
  }
  try {
    await session.request(chassisIdentify, { seconds: 0, forever: true })
  } catch (error) {
    if (!isRefusal(error) || error.reason === 'privilege-too-low') throw error
    await session.request(chassisIdentify, { seconds: longestIdentifySeconds, forever: false })
  }
}

/** Sets the boot device for the next start, or for all of them. Best done while the machine is off. */
export async function setBootDevice(session: IpmiSession, wish: BootDeviceWish): Promise<void> {
  const quirks = await quirksOfBmc(session)
  for (const { parameter, data, mayFail } of planBootDevice(wish, quirks)) {
    try {
      await session.request(setBootOption, { parameter, data }, { retriesBusy: !mayFail })
    } catch (error) {
      if (!mayFail || !isRefusal(error)) throw error
    }
  }
}

/** The boot flags as the BMC holds them; `isValid` is false once the firmware has taken a one-time device. */
export async function getBootDevice(session: IpmiSession): Promise<BootFlags> {
  const data = await session.request(getBootOption, { parameter: bootParameters.bootFlags })
  try {
    return decodeBootFlags(data)
  } catch (cause) {
    if (!(cause instanceof MalformedPacketError)) throw cause
    throw new IpmiError('malformed', `${session.name}: the BMC’s boot flags are cut short.`, { cause })
  }
}

const knownQuirks = new WeakMap<IpmiSession, Quirks>()

/** Asked for once per session. */
export async function quirksOfBmc(session: IpmiSession): Promise<Quirks> {
  const known = knownQuirks.get(session)
  if (known) return known
  const quirks = quirksOf(await getDeviceId(session))
  knownQuirks.set(session, quirks)
  return quirks
}
