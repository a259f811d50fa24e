import { answerReader, type IpmiCommand, netFns } from './command.ts'

/** IPMI 2.0 §22.24. Channel 14 is the one that is asked on; medium 4 is a LAN. */
export const getChannelInfo: IpmiCommand<{ channel: number }, { channel: number; isLan: boolean }> = {
  name: 'Get Channel Info',
  netFn: netFns.application,
  command: 0x42,
  encode: ({ channel }) => Uint8Array.of(channel),
  decode: (data) => {
    const reader = answerReader(data, 'Get Channel Info')
    const channel = reader.uint8() & 0x0f
    return { channel, isLan: (reader.uint8() & 0x7f) === 4 }
  },
}
