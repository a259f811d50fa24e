import {
  activateDcmiPowerLimit,
  type DcmiPowerLimit,
  getDcmiPowerLimit,
  getDcmiPowerReading,
  setDcmiPowerLimit,
} from '../../codec/ipmi/dcmi-power.ts'
import type { FullSensorRecord } from '../../codec/ipmi/sdr-record.ts'
import { isWatts } from '../../protocol/ipmi/sensor-units.ts'
import { isRefusal, orRefused } from './refusals.ts'
import { readSensorRecords } from './sensor-records.ts'
import { readSensor } from './sensors.ts'
import type { IpmiSession } from './session.ts'

export interface PowerDraw {
  watts: number
  source: 'dcmi' | 'sensor'
  /** Over `periodMs`; only by DCMI. */
  statistics:
    | { minimumWatts: number; maximumWatts: number; averageWatts: number; periodMs: number }
    | undefined
}

/** What the machine draws, by DCMI, else by the sensor that looks most like its whole draw. Undefined where the BMC can't tell. */
export async function readPowerDraw(session: IpmiSession): Promise<PowerDraw | undefined> {
  const reading = await orRefused(session.request(getDcmiPowerReading, undefined, { retriesBusy: false }))
  const isReal = reading?.isMeasuring && reading.currentWatts > 0 && reading.currentWatts < 0xffff
  if (!isReal) return readWattSensor(session)
  const { minimumWatts, maximumWatts, averageWatts, periodMs } = reading
  const statistics = { minimumWatts, maximumWatts, averageWatts, periodMs }
  return { watts: reading.currentWatts, source: 'dcmi', statistics }
}

const wholeDraw = /consumption|total|sys(tem)?[ _]?p(ower|wr)|pwr[ _]?meter|power[ _]?meter|input/i

async function readWattSensor(session: IpmiSession): Promise<PowerDraw | undefined> {
  const isMeter = (record: { kind: string }): record is FullSensorRecord =>
    record.kind === 'full' && isWatts(record as FullSensorRecord)
  const meters = (await readSensorRecords(session)).filter(isMeter)
  const best =
    meters.find(({ name }) => wholeDraw.test(name)) ?? (meters.length === 1 ? meters[0] : undefined)
  const sensor = best && (await readSensor(session, best))
  if (sensor?.value === undefined) return undefined
  return { watts: sensor.value, source: 'sensor', statistics: undefined }
}

/** The limit on the machine's draw; undefined where none is active. @throws IpmiError where the BMC has no limits. */
export async function getPowerLimit(session: IpmiSession): Promise<DcmiPowerLimit | undefined> {
  try {
    const limit = await session.request(getDcmiPowerLimit, undefined)
    return limit
  } catch (error) {
    if (isRefusal(error, 0x80)) return undefined
    throw error
  }
}

/** Limits the machine's draw (DCMI), or takes the limit away. */
export async function setPowerLimit(
  session: IpmiSession,
  limit: (Pick<DcmiPowerLimit, 'limitWatts'> & Partial<DcmiPowerLimit>) | undefined,
): Promise<void> {
  if (limit) {
    const whole: DcmiPowerLimit = { onExceeding: 'log', correctionMs: 1000, samplingSeconds: 1, ...limit }
    await session.request(setDcmiPowerLimit, whole)
  }
  await session.request(activateDcmiPowerLimit, { isActive: limit !== undefined })
}
