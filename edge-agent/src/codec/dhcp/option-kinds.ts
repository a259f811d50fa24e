import { ByteReader, latin1UntilNul } from '../byte-reader.ts'
import { ByteWriter, fromLatin1 } from '../byte-writer.ts'
import { renderHex } from '../hex.ts'
import { decodeIpv4, encodeIpv4, type Ipv4 } from '../ipv4.ts'
import { decodeSmbiosUuid, encodeSmbiosUuid, type Uuid } from '../uuid.ts'

/** How one kind of option value is read, written and shown. `decode` gets a reader over exactly the value. */
export interface OptionKind<Value> {
  decode: (reader: ByteReader) => Value
  encode: (value: Value) => Uint8Array
  render: (value: Value) => string
}

export const uint8Kind: OptionKind<number> = {
  decode: (reader) => whole(reader, reader.uint8()),
  encode: (value) => new ByteWriter(1).uint8(value).finish(),
  render: String,
}

export const uint16Kind: OptionKind<number> = {
  decode: (reader) => whole(reader, reader.uint16()),
  encode: (value) => new ByteWriter(2).uint16(value).finish(),
  render: String,
}

export const uint32Kind: OptionKind<number> = {
  decode: (reader) => whole(reader, reader.uint32()),
  encode: (value) => new ByteWriter(4).uint32(value).finish(),
  render: String,
}

export const uint16ListKind: OptionKind<number[]> = {
  decode: (reader) => {
    if (reader.remaining === 0) throw reader.error('an empty list')
    const values: number[] = []
    while (reader.remaining > 0) values.push(reader.uint16())
    return values
  },
  encode: (values) => {
    const writer = new ByteWriter(values.length * 2)
    for (const value of values) writer.uint16(value)
    return writer.finish()
  },
  render: (values) => values.join(','),
}

export const addressKind: OptionKind<Ipv4> = {
  decode: (reader) => whole(reader, decodeIpv4(reader.view(4))),
  encode: encodeIpv4,
  render: (value) => value,
}

export const addressListKind: OptionKind<Ipv4[]> = {
  decode: (reader) => {
    if (reader.remaining === 0) throw reader.error('an empty list')
    const values: Ipv4[] = []
    while (reader.remaining > 0) values.push(decodeIpv4(reader.view(4)))
    return values
  },
  encode: (values) => Uint8Array.from(values.flatMap((value) => [...encodeIpv4(value)])),
  render: (values) => values.join(','),
}

/** Text to its first NUL: some firmware counts a NUL into the length, some does not (RFC 2132 §2). */
export const textKind: OptionKind<string> = {
  decode: (reader) => latin1UntilNul(reader.view(reader.remaining)),
  encode: fromLatin1,
  render: (value) => JSON.stringify(value),
}

export const bytesKind: OptionKind<Uint8Array> = {
  decode: (reader) => reader.rest(),
  encode: (value) => value,
  render: (value) => renderHex(value) || '(empty)',
}

/** Option codes asked for, in the client's order (RFC 2132 §9.8). */
export const codeListKind: OptionKind<number[]> = {
  decode: (reader) => [...reader.rest()],
  encode: (values) => Uint8Array.from(values),
  render: (values) => values.join(','),
}

/** Type 0 and a UUID in SMBIOS order (RFC 4578 §2.3). Some firmware sends none, or one of length 0: read as undefined. */
export const machineUuidKind: OptionKind<Uuid | undefined> = {
  decode: (reader) => {
    if (reader.remaining !== 17) return undefined
    return reader.uint8() === 0 ? decodeSmbiosUuid(reader.view(16)) : undefined
  },
  encode: (value) =>
    value ? new ByteWriter(17).uint8(0).bytes(encodeSmbiosUuid(value)).finish() : new Uint8Array(),
  render: (value) => value ?? '(none)',
}

function whole<Value>(reader: ByteReader, value: Value): Value {
  if (reader.remaining > 0) throw reader.error(`${reader.remaining} bytes too many in an option`)
  return value
}

/** For an option's whole value, with errors that name the protocol. */
export function decodeKind<Value>(kind: OptionKind<Value>, value: Uint8Array): Value {
  return kind.decode(new ByteReader(value, 'dhcp'))
}
