import { parseHex, renderHex } from './hex.ts'

/** A UUID as people and `dmidecode` write it, lower case. */
export type Uuid = string

/**
 * From SMBIOS byte order, as firmware sends it in DHCP option 97: the first three fields are little-endian
 * (SMBIOS 3.x §7.2.1), the rest as written. Input is the 16 bytes without the option's type byte.
 */
export function decodeSmbiosUuid(bytes: Uint8Array): Uuid {
  if (bytes.length !== 16) throw new RangeError('a UUID has 16 bytes')
  const hex = renderHex(swapSmbiosFields(bytes))
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

export function encodeSmbiosUuid(uuid: Uuid): Uint8Array {
  const bytes = parseHex(uuid.replaceAll('-', ''))
  if (bytes?.length !== 16) throw new RangeError('a UUID has 16 bytes')
  return swapSmbiosFields(bytes)
}

/** Accepts any case; undefined for anything but the 8-4-4-4-12 form. */
export function parseUuid(text: string): Uuid | undefined {
  const form = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
  return form.test(text) ? text.toLowerCase() : undefined
}

function swapSmbiosFields(bytes: Uint8Array): Uint8Array {
  const swapped = new Uint8Array(16)
  for (let index = 0; index < 16; index++) swapped[index] = bytes[smbiosOrder[index] ?? 0] ?? 0
  return swapped
}

const smbiosOrder = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
