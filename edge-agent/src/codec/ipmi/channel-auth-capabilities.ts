import { answerReader, type IpmiCommand, netFns } from './command.ts'

/** For information: the flags are wrong on many boards. */
export interface ChannelAuthCapabilities {
  channel: number
  hasIpmi15: boolean
  hasIpmi20: boolean
  /** The BMC says that it wants a K_g. */
  needsKg: boolean
  hasNamedUsers: boolean
  hasNullUser: boolean
  hasAnonymousLogin: boolean
  oemEnterpriseNumber: number
}

/** IPMI 2.0 §22.13, for the channel that it is asked on; needs no session. */
export const getChannelAuthCapabilities: IpmiCommand<{ privilege: number }, ChannelAuthCapabilities> = {
  name: 'Get Channel Authentication Capabilities',
  netFn: netFns.application,
  command: 0x38,
  encode: ({ privilege }) => Uint8Array.of(0x8e, privilege),
  decode: (data) => {
    const reader = answerReader(data, 'Get Channel Authentication Capabilities')
    const channel = reader.uint8()
    const types = reader.uint8()
    const status = reader.uint8()
    const extended = reader.uint8()
    const isExtended = (types & 0x80) !== 0
    return {
      channel: channel & 0x0f,
      hasIpmi15: !isExtended || (extended & 0x01) !== 0,
      hasIpmi20: isExtended && (extended & 0x02) !== 0,
      needsKg: (status & 0x20) !== 0,
      hasNamedUsers: (status & 0x04) !== 0,
      hasNullUser: (status & 0x02) !== 0,
      hasAnonymousLogin: (status & 0x01) !== 0,
      oemEnterpriseNumber: reader.uint16Le() | (reader.uint8() << 16),
    }
  },
}
