import { answerReader, decodeNothing, type IpmiCommand, netFns } from './command.ts'

/** IPMI 2.0 table 23-4. */
export const lanParameters = {
  setInProgress: 0,
  address: 3,
  addressSource: 4,
  mac: 5,
  netmask: 6,
  gateway: 12,
  vlan: 20,
} as const

const completionCodes = {
  128: 'this LAN parameter is not supported',
  129: 'somebody else is setting the LAN parameters',
  130: 'this LAN parameter can only be read',
}

/** IPMI 2.0 §23.2. Answers the parameter's data alone. */
export const getLanParameter: IpmiCommand<{ channel: number; parameter: number }, Uint8Array> = {
  name: 'Get LAN Configuration Parameters',
  netFn: netFns.transport,
  command: 0x02,
  encode: ({ channel, parameter }) => Uint8Array.of(channel, parameter, 0, 0),
  decode: (data) => {
    const reader = answerReader(data, 'Get LAN Configuration Parameters')
    reader.uint8()
    return reader.rest()
  },
  completionCodes,
}

/** IPMI 2.0 §23.1. */
export const setLanParameter: IpmiCommand<
  { channel: number; parameter: number; data: Uint8Array },
  undefined
> = {
  name: 'Set LAN Configuration Parameters',
  netFn: netFns.transport,
  command: 0x01,
  encode: ({ channel, parameter, data }) => Uint8Array.of(channel, parameter, ...data),
  decode: decodeNothing,
  completionCodes,
}
