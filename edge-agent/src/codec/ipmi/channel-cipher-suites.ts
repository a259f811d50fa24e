import { answerReader, type IpmiCommand, netFns } from './command.ts'

/** IPMI 2.0 §22.15, one part of at most 16 bytes; the last part is shorter. Needs no session. */
export const getChannelCipherSuites: IpmiCommand<{ index: number }, Uint8Array> = {
  name: 'Get Channel Cipher Suites',
  netFn: netFns.application,
  command: 0x54,
  encode: ({ index }) => Uint8Array.of(0x0e, 0x00, 0x80 | index),
  decode: (data) => {
    const reader = answerReader(data, 'Get Channel Cipher Suites')
    reader.uint8()
    return reader.rest().subarray(0, 16)
  },
}

/** The suite ids in all parts together; the makers' own suites are left out. Ends quietly where the bytes do. */
export function decodeCipherSuiteRecords(bytes: Uint8Array): number[] {
  const ids: number[] = []
  for (let index = 0; index < bytes.length; index++) {
    const id = bytes[index + 1]
    if (bytes[index] === 0xc0 && id !== undefined) ids.push(id)
    // Behind either start byte comes an id; an id must not be taken for the start of a record.
    if (bytes[index] === 0xc0) index += 1
    else if (bytes[index] === 0xc1) index += 4
  }
  return [...new Set(ids)]
}
