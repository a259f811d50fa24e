import { ByteReader } from '../byte-reader.ts'

/** One command of IPMI: how its request is written and its answer read. Requests and answers without the completion code. */
export interface IpmiCommand<Request, Response> {
  /** As the specification calls it; appears in errors. */
  name: string
  netFn: number
  command: number
  encode: (request: Request) => Uint8Array
  /** @throws MalformedPacketError */
  decode: (data: Uint8Array) => Response
  /** Completion codes that mean something of their own for this command. */
  completionCodes?: Readonly<Record<number, string>>
  /** Running it twice is not the same as once: an answer "duplicated request" then counts as done. */
  isOnce?: boolean
}

export const netFns = {
  chassis: 0x00,
  sensor: 0x04,
  application: 0x06,
  storage: 0x0a,
  transport: 0x0c,
  group: 0x2c,
} as const

const noBytes = new Uint8Array()

export const encodeNothing = (): Uint8Array => noBytes
export const decodeNothing = (): undefined => undefined

/** A cursor over an answer, named for errors after its command. */
export function answerReader(data: Uint8Array, name: string): ByteReader {
  return new ByteReader(data, `answer to ${name}`)
}
