import { renderHex } from './hex.ts'

/** An Ethernet address in the one form used inside the edge: `52:54:00:77:00:01`, lower case. */
export type Mac = string

const sixPairs = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i

/** Accepts colons or hyphens, any case; undefined for anything else. */
export function parseMac(text: string): Mac | undefined {
  return sixPairs.test(text) ? text.toLowerCase().replaceAll('-', ':') : undefined
}

/** From the first six bytes of a hardware address. */
export function decodeMac(bytes: Uint8Array): Mac {
  if (bytes.length < 6) throw new RangeError('an Ethernet address has six bytes')
  const hex = renderHex(bytes.subarray(0, 6))
  return `${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}:${hex.slice(6, 8)}:${hex.slice(8, 10)}:${hex.slice(10)}`
}

export function encodeMac(mac: Mac): Uint8Array {
  return Uint8Array.from(mac.split(':'), (pair) => Number.parseInt(pair, 16))
}

/** `52-54-00-77-00-01`: for URLs, and for BOOTIF on a kernel command line. */
export function renderMacWithHyphens(mac: Mac): string {
  return mac.replaceAll(':', '-')
}
