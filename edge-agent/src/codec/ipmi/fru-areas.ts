import { ByteReader } from '../byte-reader.ts'
import { decodeTypedText } from './type-length.ts'

/** What a FRU says about itself; empty fields are left out. Checksums are not looked at: Dell's and Intel's are wrong at times. */
export interface FruInventory {
  chassis?: { type: number; partNumber?: string; serialNumber?: string; extra: string[] }
  board?: {
    manufacturedAt?: Date
    manufacturer?: string
    product?: string
    serialNumber?: string
    partNumber?: string
    extra: string[]
  }
  product?: {
    manufacturer?: string
    name?: string
    partNumber?: string
    version?: string
    serialNumber?: string
    assetTag?: string
    extra: string[]
  }
}

export interface FruHeader {
  /** Offsets in bytes; undefined where there is no such area. */
  chassis: number | undefined
  board: number | undefined
  product: number | undefined
}

export const fruHeaderSizeBytes = 8
const endOfFields = 0xc1
const mostFields = 64

/** Platform Management FRU Information Storage Definition 1.0 §8. @throws MalformedPacketError */
export function decodeFruHeader(bytes: Uint8Array): FruHeader {
  const reader = new ByteReader(bytes, 'fru')
  if ((reader.uint8() & 0x0f) !== 1) throw reader.error('no FRU inventory of version 1')
  reader.uint8()
  const [chassis, board, product] = [reader.uint8() * 8, reader.uint8() * 8, reader.uint8() * 8]
  return { chassis: chassis || undefined, board: board || undefined, product: product || undefined }
}

/** An area's length in bytes, from its first two. @throws MalformedPacketError */
export function fruAreaSize(bytes: Uint8Array): number {
  const reader = new ByteReader(bytes, 'fru area')
  reader.uint8()
  return reader.uint8() * 8
}

/** §10. @throws MalformedPacketError */
export function decodeChassisArea(bytes: Uint8Array): NonNullable<FruInventory['chassis']> {
  const reader = areaReader(bytes)
  const type = reader.uint8()
  const [partNumber, serialNumber, ...extra] = decodeFields(reader)
  return { type, ...filled({ partNumber, serialNumber }), extra: extra.filter(Boolean) }
}

const epoch1996Ms = Date.UTC(1996, 0, 1)

/** §11. @throws MalformedPacketError */
export function decodeBoardArea(bytes: Uint8Array): NonNullable<FruInventory['board']> {
  const reader = areaReader(bytes)
  reader.uint8()
  const minutes = reader.uint16Le() | (reader.uint8() << 16)
  const [manufacturer, product, serialNumber, partNumber, , ...extra] = decodeFields(reader)
  const date = minutes === 0 ? {} : { manufacturedAt: new Date(epoch1996Ms + minutes * 60_000) }
  const texts = filled({ manufacturer, product, serialNumber, partNumber })
  return { ...date, ...texts, extra: extra.filter(Boolean) }
}

/** §12. @throws MalformedPacketError */
export function decodeProductArea(bytes: Uint8Array): NonNullable<FruInventory['product']> {
  const reader = areaReader(bytes)
  reader.uint8()
  const [manufacturer, name, partNumber, version, serialNumber, assetTag, , ...extra] = decodeFields(reader)
  const texts = filled({ manufacturer, name, partNumber, version, serialNumber, assetTag })
  return { ...texts, extra: extra.filter(Boolean) }
}

function areaReader(bytes: Uint8Array): ByteReader {
  const reader = new ByteReader(bytes, 'fru area')
  reader.bytes(2)
  return reader
}

/** Fields up to the end mark, or to where the bytes end. */
function decodeFields(reader: ByteReader): string[] {
  const fields: string[] = []
  while (reader.remaining > 0 && fields.length < mostFields) {
    const typeAndLength = reader.uint8()
    if (typeAndLength === endOfFields) break
    const length = Math.min(typeAndLength & 0x3f, reader.remaining)
    fields.push(decodeTypedText(typeAndLength >> 6, reader.bytes(length)))
  }
  return fields
}

type Filled<Texts> = { [Name in keyof Texts]?: string }

function filled<Texts extends Record<string, string | undefined>>(texts: Texts): Filled<Texts> {
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text)) as Filled<Texts>
}
