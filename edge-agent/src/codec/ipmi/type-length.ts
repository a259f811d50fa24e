import { type ByteReader, latin1 } from '../byte-reader.ts'

const bcdPlus = '0123456789 -.???'

/**
 * Text behind a type/length byte (IPMI 2.0 §43.15; Platform Management FRU §13): binary as hex, BCD plus, packed 6-bit ASCII, or Latin-1.
 * Spaces and NULs at its ends are taken off.
 */
export function decodeTypedText(type: number, bytes: Uint8Array): string {
  switch (type & 0x03) {
    case 0:
      return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
    case 1:
      return Array.from(bytes, (byte) => `${bcdPlus[byte >> 4]}${bcdPlus[byte & 15]}`)
        .join('')
        .trim()
    case 2:
      return decodeSixBit(bytes).trim()
    default:
      return latin1(bytes).replaceAll('\0', ' ').trim()
  }
}

/** Three bytes hold four characters, the first in the lowest bits. */
function decodeSixBit(bytes: Uint8Array): string {
  let text = ''
  let bits = 0
  let count = 0
  for (const byte of bytes) {
    bits |= byte << count
    count += 8
    while (count >= 6) {
      text += String.fromCharCode(0x20 + (bits & 0x3f))
      bits >>= 6
      count -= 6
    }
  }
  return text
}

/** The name at the end of a sensor record, whose length byte may promise more than there is. */
export function decodeSdrName(reader: ByteReader): string {
  if (reader.remaining === 0) return ''
  const typeAndLength = reader.uint8()
  const length = Math.min(typeAndLength & 0x1f, reader.remaining)
  return decodeTypedText(typeAndLength >> 6, reader.bytes(length))
}
