import { latin1UntilNul } from '../byte-reader.ts'
import { ByteWriter, fromLatin1 } from '../byte-writer.ts'
import { answerReader, decodeNothing, type IpmiCommand, netFns } from './command.ts'

/** IPMI 2.0 §22.29. */
export const getUserName: IpmiCommand<{ user: number }, string> = {
  name: 'Get User Name',
  netFn: netFns.application,
  command: 0x46,
  encode: ({ user }) => Uint8Array.of(user),
  decode: (data) => latin1UntilNul(answerReader(data, 'Get User Name').rest().subarray(0, 16)).trim(),
}

/** IPMI 2.0 §22.28; up to 16 characters. */
export const setUserName: IpmiCommand<{ user: number; name: string }, undefined> = {
  name: 'Set User Name',
  netFn: netFns.application,
  command: 0x45,
  encode: ({ user, name }) => new ByteWriter(17).uint8(user).field(fromLatin1(name), 16).finish(),
  decode: decodeNothing,
}
