import { ByteWriter } from '../byte-writer.ts'
import { answerReader, encodeNothing, type IpmiCommand, netFns } from './command.ts'

/** Sensor records are in the repository of the BMC, or in the controller itself ("device SDRs"), by the same commands. */
export type SdrStore = 'repository' | 'device'

const numbers = {
  repository: { netFn: netFns.storage, reserve: 0x22, get: 0x23 },
  device: { netFn: netFns.sensor, reserve: 0x22, get: 0x21 },
} as const

export interface SdrRepositoryInfo {
  recordCount: number
  /** BMC's seconds; equal as long as nothing was added or erased. */
  addedAt: number
  erasedAt: number
}

/** IPMI 2.0 §33.9. */
export const getSdrRepositoryInfo: IpmiCommand<undefined, SdrRepositoryInfo> = {
  name: 'Get SDR Repository Info',
  netFn: netFns.storage,
  command: 0x20,
  encode: encodeNothing,
  decode: (data) => {
    const reader = answerReader(data, 'Get SDR Repository Info')
    reader.uint8()
    const recordCount = reader.uint16Le()
    reader.uint16Le()
    return { recordCount, addedAt: reader.uint32Le(), erasedAt: reader.uint32Le() }
  },
}

/** IPMI 2.0 §33.11, §35.4. Answers the reservation, which any other one cancels. */
export function reserveSdrs(store: SdrStore): IpmiCommand<undefined, number> {
  return {
    name: 'Reserve SDR Repository',
    netFn: numbers[store].netFn,
    command: numbers[store].reserve,
    encode: encodeNothing,
    decode: (data) => answerReader(data, 'Reserve SDR Repository').uint16Le(),
  }
}

export interface SdrPartRequest {
  reservation: number
  /** 0 for the first. */
  recordId: number
  offset: number
  count: number
}

/** IPMI 2.0 §33.12, §35.3. `next` FFFFh: this is the last one. */
export function getSdr(store: SdrStore): IpmiCommand<SdrPartRequest, { next: number; bytes: Uint8Array }> {
  return {
    name: 'Get SDR',
    netFn: numbers[store].netFn,
    command: numbers[store].get,
    encode: ({ reservation, recordId, offset, count }) =>
      new ByteWriter(6).uint16Le(reservation).uint16Le(recordId).uint8(offset).uint8(count).finish(),
    decode: (data) => {
      const reader = answerReader(data, 'Get SDR')
      return { next: reader.uint16Le(), bytes: reader.rest() }
    },
  }
}
