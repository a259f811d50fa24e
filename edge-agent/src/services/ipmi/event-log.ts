import { completionCodes } from '../../codec/ipmi/completion-codes.ts'
import {
  clearSel,
  getSelEntry,
  getSelInfo,
  getSelTime,
  reserveSel,
  type SelInfo,
  setSelTime,
} from '../../codec/ipmi/sel.ts'
import { decodeSelRecord, type SelRecord } from '../../codec/ipmi/sel-record.ts'
import { type EventSensor, renderEvent } from '../../protocol/ipmi/event-text.ts'
import { IpmiError } from '../../protocol/ipmi/ipmi-error.ts'
import { pause } from './awaiting.ts'
import { isRefusal, orRefused } from './refusals.ts'
import { readSensorRecords } from './sensor-records.ts'
import type { IpmiSession } from './session.ts'

export interface LogEntry {
  recordId: number
  /** By the BMC's clock; undefined where that was not set when it happened. */
  at: Date | undefined
  /** In words. */
  text: string
  /** As the BMC keeps it. */
  record: SelRecord
}

const endOfLog = 0xffff
const mostEntries = 8192

export function getEventLogInfo(session: IpmiSession): Promise<SelInfo> {
  return session.request(getSelInfo, undefined)
}

/** The event log, oldest first; with `after`, only what came behind that entry (all of it when that one is gone). */
export async function readEventLog(
  session: IpmiSession,
  { after }: { after?: number } = {},
): Promise<LogEntry[]> {
  const info = await getEventLogInfo(session)
  const mark = JSON.stringify([after, info])
  if (info.entryCount === 0 || known.get(session) === mark) return []
  const start = after === undefined ? undefined : await readEntry(session, after)
  if (start?.next === endOfLog) {
    if (hasClock(info)) known.set(session, mark)
    return []
  }
  const sensors = await eventSensors(session)
  const entries: LogEntry[] = []
  const seen = new Set<number>()
  let recordId = start?.next ?? 0
  while (recordId !== endOfLog && !seen.has(recordId) && entries.length < mostEntries) {
    seen.add(recordId)
    const entry = await readEntry(session, recordId)
    if (!entry) break
    entries.push(describe(decodeSelRecord(entry.bytes), sensors))
    recordId = entry.next
  }
  return entries
}

/** Of logs without anything new: what they were asked for, and what they said of themselves. */
const known = new WeakMap<IpmiSession, string>()

/** Without one, an entry that replaces another changes nothing in what a log says of itself. */
function hasClock({ lastAdditionSeconds }: SelInfo): boolean {
  return lastAdditionSeconds !== undefined
}

function readEntry(
  session: IpmiSession,
  recordId: number,
): Promise<{ next: number; bytes: Uint8Array } | undefined> {
  return orRefused(session.request(getSelEntry, { recordId }))
}

type EventSensors = (sensorType: number, number: number) => EventSensor | undefined

async function eventSensors(session: IpmiSession): Promise<EventSensors> {
  const records = (await orRefused(readSensorRecords(session))) ?? []
  const byKey = new Map<string, EventSensor>()
  for (const record of records) {
    if (record.kind === 'fru' || record.kind === 'other') continue
    const full = record.kind === 'full' ? { full: record } : {}
    byKey.set(`${record.sensorType}/${record.number}`, { name: record.name, ...full })
  }
  return (sensorType, number) => byKey.get(`${sensorType}/${number}`)
}

function describe(record: SelRecord, sensors: EventSensors): LogEntry {
  const sensor = record.kind === 'system' ? sensors(record.sensorType, record.sensorNumber) : undefined
  return {
    recordId: record.recordId,
    at: record.atSeconds === undefined ? undefined : new Date(record.atSeconds * 1000),
    text: renderEvent(record, sensor),
    record,
  }
}

const clearingPollMs = 200
const mostClearingPolls = 50

/** Empties the event log, and waits until it is empty. */
export async function clearEventLog(session: IpmiSession): Promise<void> {
  const reservation = await session.request(reserveSel, undefined)
  let { isDone } = await startClearing(session, reservation)
  for (let polls = 0; !isDone && polls < mostClearingPolls; polls++) {
    await pause(clearingPollMs)
    ;({ isDone } = await session.request(clearSel, { reservation, step: 'status' }))
  }
  if (!isDone)
    throw new IpmiError(
      'refused',
      `${session.name}: the event log is still being cleared after 10 s; look again later.`,
    )
}

async function startClearing(session: IpmiSession, reservation: number): Promise<{ isDone: boolean }> {
  try {
    return await session.request(clearSel, { reservation, step: 'start' })
  } catch (error) {
    if (!isRefusal(error, completionCodes.reservationLost)) throw error
    const again = await session.request(reserveSel, undefined)
    return session.request(clearSel, { reservation: again, step: 'start' })
  }
}

/** The clock by which events are logged. */
export async function getEventLogTime(session: IpmiSession): Promise<Date> {
  return new Date((await session.request(getSelTime, undefined)) * 1000)
}

export async function setEventLogTime(session: IpmiSession, at: Date): Promise<void> {
  await session.request(setSelTime, { seconds: Math.floor(at.getTime() / 1000) })
}
