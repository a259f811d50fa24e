import { answerReader, decodeNothing, type IpmiCommand, netFns } from './command.ts'

export interface UserAccess {
  /** How many user slots there are. */
  slotCount: number
  hasIpmiMessaging: boolean
  /** 1 callback, 2 user, 3 operator, 4 administrator, 15 no access. */
  privilege: number
  /** Undefined where the BMC does not say. */
  isEnabled: boolean | undefined
}

/** IPMI 2.0 §22.27. */
export const getUserAccess: IpmiCommand<{ channel: number; user: number }, UserAccess> = {
  name: 'Get User Access',
  netFn: netFns.application,
  command: 0x44,
  encode: ({ channel, user }) => Uint8Array.of(channel, user),
  decode: (data) => {
    const reader = answerReader(data, 'Get User Access')
    const slotCount = reader.uint8() & 0x3f
    const status = reader.uint8() >> 6
    reader.uint8()
    const access = reader.uint8()
    return {
      slotCount,
      hasIpmiMessaging: (access & 0x10) !== 0,
      privilege: access & 0x0f,
      isEnabled: status === 1 ? true : status === 2 ? false : undefined,
    }
  },
}

/** IPMI 2.0 §22.26. */
export const setUserAccess: IpmiCommand<
  { channel: number; user: number; privilege: number; hasIpmiMessaging: boolean },
  undefined
> = {
  name: 'Set User Access',
  netFn: netFns.application,
  command: 0x43,
  encode: ({ channel, user, privilege, hasIpmiMessaging }) =>
    Uint8Array.of(0x80 | (hasIpmiMessaging ? 0x10 : 0) | channel, user, privilege, 0),
  decode: decodeNothing,
}
