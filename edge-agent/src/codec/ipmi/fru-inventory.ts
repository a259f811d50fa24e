import { ByteWriter } from '../byte-writer.ts'
import { answerReader, type IpmiCommand, netFns } from './command.ts'

/** IPMI 2.0 §34.1. */
export const getFruInfo: IpmiCommand<{ fruId: number }, { sizeBytes: number; isByWords: boolean }> = {
  name: 'Get FRU Inventory Area Info',
  netFn: netFns.storage,
  command: 0x10,
  encode: ({ fruId }) => Uint8Array.of(fruId),
  decode: (data) => {
    const reader = answerReader(data, 'Get FRU Inventory Area Info')
    return { sizeBytes: reader.uint16Le(), isByWords: (reader.uint8() & 1) !== 0 }
  },
}

/** IPMI 2.0 §34.2. Offset and count are bytes, or words where the area is by words. */
export const readFruData: IpmiCommand<{ fruId: number; offset: number; count: number }, Uint8Array> = {
  name: 'Read FRU Data',
  netFn: netFns.storage,
  command: 0x11,
  encode: ({ fruId, offset, count }) => new ByteWriter(4).uint8(fruId).uint16Le(offset).uint8(count).finish(),
  decode: (data) => {
    const reader = answerReader(data, 'Read FRU Data')
    reader.uint8()
    return reader.rest()
  },
  completionCodes: { 129: 'the area is being used by somebody else' },
}
