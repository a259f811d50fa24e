import { ByteWriter, fromLatin1 } from '../byte-writer.ts'
import { decodeNothing, type IpmiCommand, netFns } from './command.ts'

export type UserPasswordRequest =
  | { user: number; operation: 'disable' | 'enable' }
  | { user: number; operation: 'set' | 'test'; password: string }

const operations = { disable: 0, enable: 1, set: 2, test: 3 } as const

/** IPMI 2.0 §22.30. A password above 16 characters takes the 20-byte form. */
export const setUserPassword: IpmiCommand<UserPasswordRequest, undefined> = {
  name: 'Set User Password',
  netFn: netFns.application,
  command: 0x47,
  encode: (request) => {
    const password = 'password' in request ? request.password : ''
    const isLong = password.length > 16
    const writer = new ByteWriter(22).uint8(request.user | (isLong ? 0x80 : 0))
    writer.uint8(operations[request.operation])
    if ('password' in request) writer.field(fromLatin1(password), isLong ? 20 : 16)
    return writer.finish()
  },
  decode: decodeNothing,
  completionCodes: {
    128: 'that is not the password',
    129: 'the password is stored in another size',
    143: 'the BMC does not take this password: use 16 characters with capitals, small letters, digits and a sign',
  },
}
