import { ByteReader } from '../byte-reader.ts'
import type { ByteWriter } from '../byte-writer.ts'

/** Option code to value, in the order of the packet; a repeated option is one entry (RFC 3396). */
export type DhcpOptionMap = Map<number, Uint8Array>

const padOption = 0
const endOption = 255
const relayInformationOption = 82
const largestPart = 255

/**
 * Reads one options area into `into`, joining what is already there (RFC 3396 §7: the parts of an option follow each
 * other across `options`, `file`, `sname`). Stops at the end option, or where the area ends without one.
 */
export function decodeOptionArea(area: Uint8Array, into: DhcpOptionMap): void {
  const reader = new ByteReader(area, 'dhcp')
  while (reader.remaining > 0) {
    const code = reader.uint8()
    if (code === padOption) continue
    if (code === endOption) return
    const value = reader.bytes(reader.uint8())
    const earlier = into.get(code)
    into.set(code, earlier ? join(earlier, value) : value)
  }
}

/**
 * Writes the options, values above 255 bytes in parts (RFC 3396 §6), the end option last.
 * Relay agent information goes last whatever the order of the map (RFC 3046 §2.1).
 */
export function encodeOptionArea(options: DhcpOptionMap, writer: ByteWriter): void {
  for (const [code, value] of options) {
    if (code !== relayInformationOption) encodeOption(code, value, writer)
  }
  const relayInformation = options.get(relayInformationOption)
  if (relayInformation) encodeOption(relayInformationOption, relayInformation, writer)
  writer.uint8(endOption)
}

function encodeOption(code: number, value: Uint8Array, writer: ByteWriter): void {
  if (code === padOption || code === endOption) throw new RangeError(`option ${code} has no value`)
  let start = 0
  do {
    const part = value.subarray(start, start + largestPart)
    writer.uint8(code).uint8(part.length).bytes(part)
    start += largestPart
  } while (start < value.length)
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array {
  const joined = new Uint8Array(one.length + other.length)
  joined.set(one)
  joined.set(other, one.length)
  return joined
}
