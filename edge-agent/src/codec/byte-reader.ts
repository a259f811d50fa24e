import { MalformedPacketError } from './malformed-packet-error.ts'

/** A cursor over received bytes. Every read past the end throws `MalformedPacketError`; nothing returns a short slice. */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #protocol: string
  #offset = 0

  constructor(bytes: Uint8Array, protocol: string) {
    this.#bytes = bytes
    this.#protocol = protocol
  }

  get offset(): number {
    return this.#offset
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  uint8(): number {
    return this.#at(this.#advance(1))
  }

  uint16(): number {
    const start = this.#advance(2)
    return this.#at(start) * 0x100 + this.#at(start + 1)
  }

  uint32(): number {
    return this.uint16() * 0x10000 + this.uint16()
  }

  /** Least significant byte first, as IPMI has it. */
  uint16Le(): number {
    const start = this.#advance(2)
    return this.#at(start) + this.#at(start + 1) * 0x100
  }

  uint32Le(): number {
    const start = this.#advance(4)
    return (
      this.#at(start) +
      this.#at(start + 1) * 0x100 +
      this.#at(start + 2) * 0x10000 +
      this.#at(start + 3) * 0x1000000
    )
  }

  /** The next `length` bytes as a copy, so that a receive buffer can be reused. */
  bytes(length: number): Uint8Array {
    const start = this.#advance(length)
    // Not `slice`: on Node's Buffer it would not copy. Nor by `buffer`: small arrays have none until it is asked for.
    const copy = new Uint8Array(length)
    if (length > shortBytes) copy.set(this.#bytes.subarray(start, start + length))
    else for (let index = 0; index < length; index++) copy[index] = this.#at(start + index)
    return copy
  }

  /** The next `length` bytes where they are, for what is read at once. */
  view(length: number): Uint8Array {
    const start = this.#advance(length)
    return this.#bytes.subarray(start, start + length)
  }

  rest(): Uint8Array {
    return this.bytes(this.remaining)
  }

  /** A NUL-terminated string, one character per byte (Latin-1). The NUL must be there. */
  cString(): string {
    const end = this.#bytes.indexOf(0, this.#offset)
    if (end < 0) throw this.error('string without its NUL')
    const text = latin1(this.#bytes.subarray(this.#offset, end))
    this.#offset = end + 1
    return text
  }

  error(reason: string): MalformedPacketError {
    return new MalformedPacketError({ protocol: this.#protocol, offset: this.#offset, reason })
  }

  /** Views of small packets cost more than the packets: the bytes are put together by hand. */
  #at(index: number): number {
    return this.#bytes[index] ?? 0
  }

  #advance(length: number): number {
    if (length < 0 || length > this.remaining)
      throw this.error(`needs ${length} bytes, has ${this.remaining}`)
    const start = this.#offset
    this.#offset += length
    return start
  }
}

/** Up to here, a loop is faster than a copy in one go. */
const shortBytes = 32

/** One character per byte; never fails, which UTF-8 would on what some firmware sends. */
export function latin1(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/** A fixed-size field that holds a string up to its first NUL. */
export function latin1UntilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return latin1(end < 0 ? bytes : bytes.subarray(0, end))
}
