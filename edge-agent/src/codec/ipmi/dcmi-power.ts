import { ByteWriter } from '../byte-writer.ts'
import { answerReader, decodeNothing, type IpmiCommand, netFns } from './command.ts'

/** Commands of the group DCMI start with this, and so do their answers. */
const dcmi = 0xdc

export interface DcmiPowerReading {
  currentWatts: number
  minimumWatts: number
  maximumWatts: number
  averageWatts: number
  /** What the statistics cover. */
  periodMs: number
  isMeasuring: boolean
}

/** DCMI 1.5 §6.6.1. */
export const getDcmiPowerReading: IpmiCommand<undefined, DcmiPowerReading> = {
  name: 'Get Power Reading',
  netFn: netFns.group,
  command: 0x02,
  encode: () => Uint8Array.of(dcmi, 1, 0, 0),
  decode: (data) => {
    const reader = answerReader(data, 'Get Power Reading')
    if (reader.uint8() !== dcmi) throw reader.error('not of DCMI')
    const [currentWatts, minimumWatts, maximumWatts, averageWatts] = [
      reader.uint16Le(),
      reader.uint16Le(),
      reader.uint16Le(),
      reader.uint16Le(),
    ]
    reader.uint32Le()
    const periodMs = reader.uint32Le()
    const isMeasuring = (reader.uint8() & 0x40) !== 0
    return { currentWatts, minimumWatts, maximumWatts, averageWatts, periodMs, isMeasuring }
  },
}

export interface DcmiPowerLimit {
  limitWatts: number
  /** What happens when the limit can't be kept. */
  onExceeding: 'nothing' | 'power-off' | 'log'
  /** How long the draw may be above the limit. */
  correctionMs: number
  samplingSeconds: number
}

const exceptionActions = { nothing: 0x00, 'power-off': 0x01, log: 0x11 } as const

/** DCMI 1.5 §6.6.2; code 80h: no limit is active. */
export const getDcmiPowerLimit: IpmiCommand<undefined, DcmiPowerLimit> = {
  name: 'Get Power Limit',
  netFn: netFns.group,
  command: 0x03,
  encode: () => Uint8Array.of(dcmi, 0, 0),
  decode: (data) => {
    const reader = answerReader(data, 'Get Power Limit')
    reader.bytes(3)
    const action = reader.uint8()
    const limitWatts = reader.uint16Le()
    const correctionMs = reader.uint32Le()
    reader.bytes(2)
    const onExceeding = action === 0x11 ? 'log' : action === 0x01 ? 'power-off' : 'nothing'
    return { limitWatts, onExceeding, correctionMs, samplingSeconds: reader.uint16Le() }
  },
  completionCodes: { 128: 'no power limit is active' },
}

/** DCMI 1.5 §6.6.3. */
export const setDcmiPowerLimit: IpmiCommand<DcmiPowerLimit, undefined> = {
  name: 'Set Power Limit',
  netFn: netFns.group,
  command: 0x04,
  encode: ({ limitWatts, onExceeding, correctionMs, samplingSeconds }) => {
    const writer = new ByteWriter(15).uint8(dcmi).zeros(3).uint8(exceptionActions[onExceeding])
    return writer.uint16Le(limitWatts).uint32Le(correctionMs).zeros(2).uint16Le(samplingSeconds).finish()
  },
  decode: decodeNothing,
  completionCodes: {
    132: 'the power limit is out of range',
    133: 'the correction time is out of range',
    137: 'the sampling period is out of range',
  },
}

/** DCMI 1.5 §6.6.4. */
export const activateDcmiPowerLimit: IpmiCommand<{ isActive: boolean }, undefined> = {
  name: 'Activate Power Limit',
  netFn: netFns.group,
  command: 0x05,
  encode: ({ isActive }) => Uint8Array.of(dcmi, isActive ? 1 : 0, 0, 0),
  decode: decodeNothing,
}
