import { ByteWriter } from '../byte-writer.ts'
import { decodeNothing, type IpmiCommand, netFns } from './command.ts'

/** IPMI 2.0 §22.19. Old BMCs have four or five sessions in all, and leaked ones live for a minute. */
export const closeSession: IpmiCommand<{ bmcSessionId: number }, undefined> = {
  name: 'Close Session',
  netFn: netFns.application,
  command: 0x3c,
  encode: ({ bmcSessionId }) => new ByteWriter(4).uint32Le(bmcSessionId).finish(),
  decode: decodeNothing,
  completionCodes: { 135: 'no such session' },
  isOnce: true,
}
