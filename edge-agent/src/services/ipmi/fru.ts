import { completionCodes } from '../../codec/ipmi/completion-codes.ts'
import {
  decodeBoardArea,
  decodeChassisArea,
  decodeFruHeader,
  decodeProductArea,
  type FruInventory,
  fruAreaSize,
  fruHeaderSizeBytes,
} from '../../codec/ipmi/fru-areas.ts'
import { getFruInfo, readFruData } from '../../codec/ipmi/fru-inventory.ts'
import { MalformedPacketError } from '../../codec/malformed-packet-error.ts'
import { isRefusal, orRefused } from './refusals.ts'
import type { IpmiSession } from './session.ts'

const firstPieceBytes = 16
const smallestPieceBytes = 4

/** What a FRU says about itself; 0 is the machine. Undefined where the BMC has no such inventory. */
export async function readFru(session: IpmiSession, fruId = 0): Promise<FruInventory | undefined> {
  const info = await orRefused(session.request(getFruInfo, { fruId }))
  if (!info || info.sizeBytes < fruHeaderSizeBytes) return undefined
  const read = (offset: number, count: number) => readBytes(session, fruId, info, offset, count)
  const header = await read(0, fruHeaderSizeBytes)
  const areas = header && orMalformed(() => decodeFruHeader(header))
  if (!areas) return undefined
  const area = async <Area>(
    offset: number | undefined,
    decode: (bytes: Uint8Array) => Area,
  ): Promise<Area | undefined> => {
    const start = offset === undefined ? undefined : await read(offset, 2)
    const bytes =
      start && offset !== undefined
        ? await read(offset, orMalformed(() => fruAreaSize(start)) ?? 0)
        : undefined
    return bytes && orMalformed(() => decode(bytes))
  }
  const chassis = await area(areas.chassis, decodeChassisArea)
  const board = await area(areas.board, decodeBoardArea)
  const product = await area(areas.product, decodeProductArea)
  return { ...(chassis && { chassis }), ...(board && { board }), ...(product && { product }) }
}

function orMalformed<Value>(decode: () => Value): Value | undefined {
  try {
    return decode()
  } catch (error) {
    if (error instanceof MalformedPacketError) return undefined
    throw error
  }
}

/** As much as there is of `count` bytes; undefined where there is nothing. */
async function readBytes(
  session: IpmiSession,
  fruId: number,
  info: { sizeBytes: number; isByWords: boolean },
  start: number,
  count: number,
): Promise<Uint8Array | undefined> {
  const end = Math.min(start + count, info.sizeBytes)
  const unit = info.isByWords ? 2 : 1
  const bytes: number[] = []
  let pieceBytes = firstPieceBytes
  while (start + bytes.length < end) {
    const offset = start + bytes.length
    const wanted = Math.min(pieceBytes, end - offset)
    try {
      const request = { fruId, offset: offset / unit, count: Math.max(1, wanted / unit) }
      const piece = await session.request(readFruData, request)
      if (piece.length === 0) break
      bytes.push(...piece.subarray(0, wanted))
    } catch (error) {
      const isTooMuch = isRefusal(error, completionCodes.cannotReturnThatMany, completionCodes.lengthInvalid)
      if (isTooMuch && pieceBytes > smallestPieceBytes) pieceBytes >>= 1
      else if (isRefusal(error)) break
      else throw error
    }
  }
  return bytes.length > 0 ? Uint8Array.from(bytes) : undefined
}
