import type { BmcLogEntry, Sensor } from '@dragonfly/schema/wire'
import { type IpmiSession, readEventLog, readSensors } from '../../ipmi/index.ts'
import { describeLogEntry, describeSensor, inletEntities } from './ipmi-readings.ts'

const mostSensors = 1000
/** Of a large machine: enough for its inlet and its hottest parts, and cheap enough for every minute. */
const mostTemperatures = 8

/** IPMI 2.0 table 43-13, and the one of DCMI. */
const processorEntities = [0x03, 0x41]

/** With `onlyTemperatures`, the ones that matter most. */
export async function readIpmiSensors(session: IpmiSession, onlyTemperatures: boolean): Promise<Sensor[]> {
  const sensors = onlyTemperatures
    ? await readSensors(session, {
        quantity: 'temperature',
        most: mostTemperatures,
        first: [...inletEntities, ...processorEntities],
      })
    : await readSensors(session)
  return sensors.slice(0, mostSensors).map(describeSensor)
}

export async function readIpmiEventLog(
  session: IpmiSession,
  after: string | undefined,
): Promise<BmcLogEntry[]> {
  const recordId = after === undefined ? Number.NaN : Number(after)
  const entries = await readEventLog(session, Number.isInteger(recordId) ? { after: recordId } : {})
  return entries.map(describeLogEntry)
}
