import { completionCodes } from '../../codec/ipmi/completion-codes.ts'
import { decodeSdrRecord, type SdrRecord } from '../../codec/ipmi/sdr-record.ts'
import { getSdr, getSdrRepositoryInfo, reserveSdrs, type SdrStore } from '../../codec/ipmi/sdr-repository.ts'
import { MalformedPacketError } from '../../codec/malformed-packet-error.ts'
import { getDeviceId } from './chassis.ts'
import { isRefusal, orRefused } from './refusals.ts'
import type { IpmiSession } from './session.ts'

const endOfRecords = 0xffff
const headerSizeBytes = 5
const mostRecords = 4096
const mostLostReservations = 20
/** First what most BMCs can do; halved when one says that it can't. */
const firstPieceBytes = 22
const smallestPieceBytes = 4

interface Walk {
  store: SdrStore
  reservation: number
  pieceBytes: number
  lostReservations: number
}

/** Codes that mean: ask for less at once. */
const tooMuch = [
  completionCodes.cannotReturnThatMany,
  completionCodes.lengthInvalid,
  completionCodes.fieldLengthExceeded,
  completionCodes.unspecified,
]

interface KnownRecords {
  mark: string
  records: SdrRecord[]
}

const known = new WeakMap<IpmiSession, KnownRecords>()

/**
 * All sensor records. They are read again only when the BMC's own counters say that they changed, which `mayBeStale`
 * does not ask for.
 */
export async function readSensorRecords(
  session: IpmiSession,
  { mayBeStale = false } = {},
): Promise<SdrRecord[]> {
  const held = mayBeStale ? known.get(session) : undefined
  if (held) return held.records
  const info = await orRefused(session.request(getSdrRepositoryInfo, undefined))
  const mark = JSON.stringify(info ?? null)
  const cached = known.get(session)
  if (cached?.mark === mark) return cached.records
  const device = await getDeviceId(session)
  const isInDevice = !device.hasSdrRepository && device.hasDeviceSdrs
  const records = await walk(session, isInDevice ? 'device' : 'repository')
  known.set(session, { mark, records })
  return records
}

/** From the first record to the last; a BMC whose records lead round in a circle is left after one round. */
async function walk(session: IpmiSession, store: SdrStore): Promise<SdrRecord[]> {
  const state: Walk = { store, reservation: 0, pieceBytes: firstPieceBytes, lostReservations: 0 }
  state.reservation = (await orRefused(session.request(reserveSdrs(store), undefined))) ?? 0
  const records: SdrRecord[] = []
  const seen = new Set<number>()
  let recordId = 0
  while (recordId !== endOfRecords && !seen.has(recordId) && records.length < mostRecords) {
    seen.add(recordId)
    const found = await readRecord(session, state, recordId)
    if (!found) break
    const record = decodeOrSkip(found.bytes)
    if (record) records.push(record)
    recordId = found.next
  }
  return records
}

/** Machines of one model have the same records, and sites have hundreds of them: they are kept once. */
const shared = new Map<string, SdrRecord>()
const mostShared = 20_000

function decodeOrSkip(bytes: Uint8Array): SdrRecord | undefined {
  const key = Buffer.from(bytes).toString('latin1')
  const known = shared.get(key)
  if (known) return known
  try {
    const record = decodeSdrRecord(bytes)
    if (shared.size >= mostShared) shared.clear()
    shared.set(key, record)
    return record
  } catch (error) {
    if (error instanceof MalformedPacketError) return undefined
    throw error
  }
}

/** Undefined where the BMC can't give it: Dell's FC830 fails on the last one. */
async function readRecord(
  session: IpmiSession,
  state: Walk,
  recordId: number,
): Promise<{ next: number; bytes: Uint8Array } | undefined> {
  const header = await readPiece(session, state, { recordId, offset: 0, count: headerSizeBytes })
  if (!header || header.bytes.length < headerSizeBytes) return undefined
  const sizeBytes = headerSizeBytes + (header.bytes[4] ?? 0)
  const bytes = new Uint8Array(sizeBytes)
  bytes.set(header.bytes.subarray(0, headerSizeBytes))
  for (let offset = headerSizeBytes; offset < sizeBytes; ) {
    const count = Math.min(state.pieceBytes, sizeBytes - offset)
    const piece = await readPiece(session, state, { recordId, offset, count })
    // What there is of it may still be of use: the name is at the end.
    if (!piece || piece.bytes.length === 0) return { next: header.next, bytes: bytes.subarray(0, offset) }
    bytes.set(piece.bytes.subarray(0, sizeBytes - offset), offset)
    offset += piece.bytes.length
  }
  return { next: header.next, bytes }
}

async function readPiece(
  session: IpmiSession,
  state: Walk,
  place: { recordId: number; offset: number; count: number },
): Promise<{ next: number; bytes: Uint8Array } | undefined> {
  let { count } = place
  for (;;) {
    try {
      const { reservation } = state
      return await session.request(getSdr(state.store), { ...place, reservation, count })
    } catch (error) {
      if (
        isRefusal(error, completionCodes.reservationLost) &&
        state.lostReservations < mostLostReservations
      ) {
        state.lostReservations += 1
        state.reservation = await session.request(reserveSdrs(state.store), undefined)
      } else if (isRefusal(error, ...tooMuch) && place.offset > 0 && count > smallestPieceBytes) {
        count = Math.max(smallestPieceBytes, count >> 1)
        state.pieceBytes = count
      } else if (isRefusal(error)) {
        return undefined
      } else {
        throw error
      }
    }
  }
}
