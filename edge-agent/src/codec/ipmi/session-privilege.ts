import { answerReader, type IpmiCommand, netFns } from './command.ts'

/** IPMI 2.0 §22.18: a new session starts as user. Answers the new privilege. */
export const setSessionPrivilege: IpmiCommand<{ privilege: number }, { privilege: number }> = {
  name: 'Set Session Privilege Level',
  netFn: netFns.application,
  command: 0x3b,
  encode: ({ privilege }) => Uint8Array.of(privilege),
  decode: (data) => ({ privilege: answerReader(data, 'Set Session Privilege Level').uint8() & 0x0f }),
  completionCodes: {
    128: 'this user may not have that privilege',
    129: 'that privilege is above the channel’s limit',
    130: 'the user level is disabled',
  },
}
