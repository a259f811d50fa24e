/** Bytes that are not what their protocol says they are. The receive loop counts and drops them; nothing else catches it. */
export class MalformedPacketError extends Error {
  override readonly name = 'MalformedPacketError'
  readonly protocol: string
  /** Where in the packet decoding stopped, in bytes. */
  readonly offset: number
  readonly reason: string

  constructor(fields: { protocol: string; offset: number; reason: string }) {
    super(`${fields.protocol}: ${fields.reason} at byte ${fields.offset}`)
    this.protocol = fields.protocol
    this.offset = fields.offset
    this.reason = fields.reason
  }
}
