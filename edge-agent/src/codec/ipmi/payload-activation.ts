import { answerReader, decodeNothing, type IpmiCommand, netFns } from './command.ts'

const solPayload = 1
const firstInstance = 1

const completionCodes = {
  128: 'somebody else has this machine’s console open',
  129: 'Serial over LAN is switched off in the BMC',
  130: 'the BMC has no console left',
  131: 'the console cannot be encrypted',
  132: 'the console must be encrypted',
}

export interface SolActivation {
  /** What one packet may carry; wrong on many boards. */
  largestInboundBytes: number
  largestOutboundBytes: number
}

/** Activate Payload for Serial over LAN (IPMI 2.0 §24.1); `auxiliary` is the first byte of the auxiliary data. */
export const activateSol: IpmiCommand<{ auxiliary: number }, SolActivation> = {
  name: 'Activate Payload',
  netFn: netFns.application,
  command: 0x48,
  encode: ({ auxiliary }) => Uint8Array.of(solPayload, firstInstance, auxiliary, 0, 0, 0),
  decode: (data) => {
    const reader = answerReader(data, 'Activate Payload')
    reader.bytes(4)
    return { largestInboundBytes: reader.uint16Le(), largestOutboundBytes: reader.uint16Le() }
  },
  completionCodes,
}

/** IPMI 2.0 §24.2. */
export const deactivateSol: IpmiCommand<undefined, undefined> = {
  name: 'Deactivate Payload',
  netFn: netFns.application,
  command: 0x49,
  encode: () => Uint8Array.of(solPayload, firstInstance, 0, 0, 0, 0),
  decode: decodeNothing,
  completionCodes: { 128: 'no console is open', 129: 'Serial over LAN is switched off in the BMC' },
}
