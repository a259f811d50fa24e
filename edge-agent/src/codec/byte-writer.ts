/** What the last writer wrote to: packets are built one after the other, and memory for each would be the greater cost. */
let spare: Uint8Array | undefined
const nothing = new Uint8Array()
const mostSpareBytes = 2048

/** Collects bytes in network order; grows as needed. Values that do not fit throw `RangeError`: that is our own bug. */
export class ByteWriter {
  #bytes: Uint8Array
  #length = 0

  constructor(initialSizeBytes = 576) {
    const reused = spare !== undefined && spare.length >= initialSizeBytes ? spare : undefined
    if (reused) spare = undefined
    this.#bytes = reused ?? new Uint8Array(initialSizeBytes)
  }

  get length(): number {
    return this.#length
  }

  uint8(value: number): this {
    const start = this.#reserve(1, value, 0xff)
    this.#bytes[start] = value
    return this
  }

  uint16(value: number): this {
    const start = this.#reserve(2, value, 0xffff)
    this.#bytes[start] = value >>> 8
    this.#bytes[start + 1] = value
    return this
  }

  uint32(value: number): this {
    const start = this.#reserve(4, value, 0xffffffff)
    this.#bytes[start] = value >>> 24
    this.#bytes[start + 1] = value >>> 16
    this.#bytes[start + 2] = value >>> 8
    this.#bytes[start + 3] = value
    return this
  }

  /** Least significant byte first, as IPMI has it. */
  uint16Le(value: number): this {
    const start = this.#reserve(2, value, 0xffff)
    this.#bytes[start] = value
    this.#bytes[start + 1] = value >>> 8
    return this
  }

  uint32Le(value: number): this {
    const start = this.#reserve(4, value, 0xffffffff)
    this.#bytes[start] = value
    this.#bytes[start + 1] = value >>> 8
    this.#bytes[start + 2] = value >>> 16
    this.#bytes[start + 3] = value >>> 24
    return this
  }

  bytes(value: Uint8Array): this {
    this.#grow(value.length)
    this.#bytes.set(value, this.#length - value.length)
    return this
  }

  /** `value`, then zeros up to `sizeBytes`. */
  field(value: Uint8Array, sizeBytes: number): this {
    if (value.length > sizeBytes) throw new RangeError(`${value.length} bytes for a field of ${sizeBytes}`)
    return this.bytes(value).zeros(sizeBytes - value.length)
  }

  zeros(count: number): this {
    const start = this.#grow(count)
    this.#bytes.fill(0, start, this.#length)
    return this
  }

  cString(text: string): this {
    if (text.includes('\0')) throw new RangeError('a NUL inside a NUL-terminated string')
    return this.bytes(fromLatin1(text)).uint8(0)
  }

  /** All that was written; the writer is empty then. */
  finish(): Uint8Array {
    const finished = this.#bytes.slice(0, this.#length)
    if (this.#bytes.length <= mostSpareBytes) spare = this.#bytes
    this.#bytes = nothing
    this.#length = 0
    return finished
  }

  /** Room for a number that was checked; what is assigned to a byte keeps its lowest eight bits. */
  #reserve(size: number, value: number, max: number): number {
    if (!Number.isInteger(value) || value < 0 || value > max)
      throw new RangeError(`${value} does not fit ${size} bytes`)
    return this.#grow(size)
  }

  #grow(count: number): number {
    const start = this.#length
    this.#length += count
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2))
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    return start
  }
}

/** One byte per character; a character above 0xFF throws `RangeError`. */
export function fromLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length)
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code > 0xff) throw new RangeError('a character that is not Latin-1')
    bytes[index] = code
  }
  return bytes
}
