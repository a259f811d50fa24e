/** Collects bytes in network order; grows as needed. Values that do not fit throw `RangeError`: that is our own bug. */
export class ByteWriter {
  #bytes: Uint8Array
  #length = 0

  constructor(initialSizeBytes = 576) {
    this.#bytes = new Uint8Array(initialSizeBytes)
  }

  get length(): number {
    return this.#length
  }

  uint8(value: number): this {
    this.#view(1, value, 0xff).setUint8(0, value)
    return this
  }

  uint16(value: number): this {
    this.#view(2, value, 0xffff).setUint16(0, value)
    return this
  }

  uint32(value: number): this {
    this.#view(4, value, 0xffffffff).setUint32(0, value)
    return this
  }

  /** Least significant byte first, as IPMI has it. */
  uint16Le(value: number): this {
    this.#view(2, value, 0xffff).setUint16(0, value, true)
    return this
  }

  uint32Le(value: number): this {
    this.#view(4, value, 0xffffffff).setUint32(0, value, true)
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
    this.#grow(count)
    return this
  }

  cString(text: string): this {
    if (text.includes('\0')) throw new RangeError('a NUL inside a NUL-terminated string')
    return this.bytes(fromLatin1(text)).uint8(0)
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #view(size: number, value: number, max: number): DataView {
    if (!Number.isInteger(value) || value < 0 || value > max)
      throw new RangeError(`${value} does not fit ${size} bytes`)
    const start = this.#grow(size)
    return new DataView(this.#bytes.buffer, start, size)
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
  return Uint8Array.from(text, (character) => {
    const code = character.charCodeAt(0)
    if (code > 0xff || character.length > 1) throw new RangeError('a character that is not Latin-1')
    return code
  })
}
