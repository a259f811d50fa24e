import { ByteWriter } from '../byte-writer.ts'
import { answerReader, decodeNothing, encodeNothing, type IpmiCommand, netFns } from './command.ts'

export interface SelInfo {
  entryCount: number
  freeBytes: number
  /** Events were lost because the log is full. */
  hasOverflowed: boolean
  /** By the log's clock; undefined where the BMC does not say. */
  lastAdditionSeconds: number | undefined
  lastEraseSeconds: number | undefined
}

/** IPMI 2.0 §31.2. */
export const getSelInfo: IpmiCommand<undefined, SelInfo> = {
  name: 'Get SEL Info',
  netFn: netFns.storage,
  command: 0x40,
  encode: encodeNothing,
  decode: (data) => {
    const reader = answerReader(data, 'Get SEL Info')
    reader.uint8()
    const entryCount = reader.uint16Le()
    const freeBytes = reader.uint16Le()
    const lastAdditionSeconds = knownTime(reader.uint32Le())
    const lastEraseSeconds = knownTime(reader.uint32Le())
    const hasOverflowed = (reader.uint8() & 0x80) !== 0
    return { entryCount, freeBytes, hasOverflowed, lastAdditionSeconds, lastEraseSeconds }
  },
}

/** IPMI 2.0 §37.1: FFFFFFFFh is no time; many that keep none say zero. */
function knownTime(seconds: number): number | undefined {
  return seconds === 0 || seconds === 0xffff_ffff ? undefined : seconds
}

/** IPMI 2.0 §31.4. */
export const reserveSel: IpmiCommand<undefined, number> = {
  name: 'Reserve SEL',
  netFn: netFns.storage,
  command: 0x42,
  encode: encodeNothing,
  decode: (data) => answerReader(data, 'Reserve SEL').uint16Le(),
}

/** IPMI 2.0 §31.5, a whole entry. Record 0 is the first; `next` FFFFh: there is no later one. */
export const getSelEntry: IpmiCommand<{ recordId: number }, { next: number; bytes: Uint8Array }> = {
  name: 'Get SEL Entry',
  netFn: netFns.storage,
  command: 0x43,
  encode: ({ recordId }) => new ByteWriter(6).uint16Le(0).uint16Le(recordId).uint8(0).uint8(0xff).finish(),
  decode: (data) => {
    const reader = answerReader(data, 'Get SEL Entry')
    return { next: reader.uint16Le(), bytes: reader.bytes(16) }
  },
}

/** IPMI 2.0 §31.9: starts clearing, or asks how far it is. */
export const clearSel: IpmiCommand<{ reservation: number; step: 'start' | 'status' }, { isDone: boolean }> = {
  name: 'Clear SEL',
  netFn: netFns.storage,
  command: 0x47,
  encode: ({ reservation, step }) => {
    const writer = new ByteWriter(6).uint16Le(reservation).uint8(0x43).uint8(0x4c).uint8(0x52)
    return writer.uint8(step === 'start' ? 0xaa : 0).finish()
  },
  decode: (data) => ({ isDone: (answerReader(data, 'Clear SEL').uint8() & 0x0f) === 1 }),
}

/** IPMI 2.0 §31.10, seconds since 1970 (by most BMCs in UTC). */
export const getSelTime: IpmiCommand<undefined, number> = {
  name: 'Get SEL Time',
  netFn: netFns.storage,
  command: 0x48,
  encode: encodeNothing,
  decode: (data) => answerReader(data, 'Get SEL Time').uint32Le(),
}

/** IPMI 2.0 §31.11. */
export const setSelTime: IpmiCommand<{ seconds: number }, undefined> = {
  name: 'Set SEL Time',
  netFn: netFns.storage,
  command: 0x49,
  encode: ({ seconds }) => new ByteWriter(4).uint32Le(seconds).finish(),
  decode: decodeNothing,
}
