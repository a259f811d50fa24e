/** Parses `ld.so --list`: the shared libraries of a program, as soname and the file that serves it. */
export function parseLibraryList(text: string): { libraries: Map<string, string>; missing: string[] } {
  const libraries = new Map<string, string>()
  const missing: string[] = []
  for (const line of text.split('\n')) {
    const absent = /^\s*(\S+) => not found/.exec(line)
    const found = /^\s*(\S+) => (\/\S+) \(0x/.exec(line)
    if (absent?.[1] !== undefined) missing.push(absent[1])
    else if (found?.[1] !== undefined && found[2] !== undefined) libraries.set(found[1], found[2])
  }
  return { libraries, missing }
}

const PT_LOAD = 1
const PAGE = 0x1000
const KEPT_BYTES = PAGE

/**
 * Cuts the content out of the biggest read-only segment of a 64-bit little-endian ELF library: the loader maps zeros there
 * instead. Made for ICU's data library: 31 MB that lldpcli links through libxml2 and never reads (it prints JSON).
 * Program headers: ELF-64 Object File Format, section 8.
 */
export function emptyBiggestSegment(library: Uint8Array): Uint8Array {
  const view = new DataView(library.buffer, library.byteOffset, library.byteLength)
  const headersAt = Number(view.getBigUint64(0x20, true))
  const headerSize = view.getUint16(0x36, true)
  const headers = Array.from(
    { length: view.getUint16(0x38, true) },
    (_, index) => headersAt + index * headerSize,
  )
  const size = (at: number) => Number(view.getBigUint64(at + 0x20, true))
  const isReadOnly = (at: number) =>
    view.getUint32(at, true) === PT_LOAD && view.getUint32(at + 4, true) === 4
  const biggest = headers.filter(isReadOnly).sort((a, b) => size(b) - size(a))[0]
  if (biggest === undefined || size(biggest) < 2 * PAGE) return library
  const start = Number(view.getBigUint64(biggest + 8, true))
  const cutFrom = start + KEPT_BYTES
  const cutBytes = Math.floor((size(biggest) - KEPT_BYTES) / PAGE) * PAGE
  const result = new Uint8Array(library.length - cutBytes)
  result.set(library.subarray(0, cutFrom))
  result.set(library.subarray(cutFrom + cutBytes), cutFrom)
  const output = new DataView(result.buffer)
  for (const at of headers) {
    const offset = Number(view.getBigUint64(at + 8, true))
    if (offset >= cutFrom + cutBytes) output.setBigUint64(at + 8, BigInt(offset - cutBytes), true)
  }
  output.setBigUint64(biggest + 0x20, BigInt(KEPT_BYTES), true)
  output.setBigUint64(0x28, 0n, true) // e_shoff, e_shnum, e_shstrndx: the section table no longer fits
  output.setUint16(0x3c, 0, true)
  output.setUint16(0x3e, 0, true)
  return result
}
