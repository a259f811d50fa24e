import { ByteReader } from '../byte-reader.ts'
import { ByteWriter, fromLatin1 } from '../byte-writer.ts'
import type { CipherSuite } from './cipher-suites.ts'

/** IPMI 2.0 table 13-15, by what it means for us. */
export const rakpStatus = { ok: 0x00, invalidIntegrityCheck: 0x0f } as const

export interface OpenSessionRequest {
  tag: number
  /** 2 user, 3 operator, 4 administrator. */
  privilege: number
  consoleSessionId: number
  suite: CipherSuite
}

/** IPMI 2.0 §13.17. */
export function encodeOpenSessionRequest(request: OpenSessionRequest): Uint8Array {
  const writer = new ByteWriter(32).uint8(request.tag).uint8(request.privilege).zeros(2)
  writer.uint32Le(request.consoleSessionId)
  const { authentication, integrity, confidentiality } = request.suite
  for (const [type, algorithm] of [authentication, integrity, confidentiality].entries())
    writer.uint8(type).zeros(2).uint8(8).uint8(algorithm).zeros(3)
  return writer.finish()
}

export type OpenSessionResponse =
  | {
      kind: 'ok'
      tag: number
      consoleSessionId: number
      bmcSessionId: number
      /** As the BMC chose them. */
      authentication: number
      integrity: number
      confidentiality: number
    }
  | { kind: 'refused'; tag: number; status: number; consoleSessionId: number | undefined }

/** IPMI 2.0 §13.18; 8 bytes on an error, less from some BMCs. @throws MalformedPacketError */
export function decodeOpenSessionResponse(bytes: Uint8Array): OpenSessionResponse {
  const reader = new ByteReader(bytes, 'open session response')
  const tag = reader.uint8()
  const status = reader.uint8()
  if (status !== rakpStatus.ok) return { kind: 'refused', tag, status, consoleSessionId: refusedId(reader) }
  reader.bytes(2)
  const consoleSessionId = reader.uint32Le()
  const bmcSessionId = reader.uint32Le()
  if (bmcSessionId === 0) throw reader.error('a session id of zero')
  const [authentication = 0, integrity = 0, confidentiality = 0] = [0, 1, 2].map((type) => {
    if (reader.uint8() !== type) throw reader.error('algorithms out of order')
    reader.bytes(3)
    const algorithm = reader.uint8() & 0x3f
    reader.bytes(3)
    return algorithm
  })
  return { kind: 'ok', tag, consoleSessionId, bmcSessionId, authentication, integrity, confidentiality }
}

function refusedId(reader: ByteReader): number | undefined {
  if (reader.remaining < 6) return undefined
  reader.bytes(2)
  return reader.uint32Le()
}

export interface Rakp1 {
  tag: number
  bmcSessionId: number
  /** 16 bytes. */
  consoleRandom: Uint8Array
  /** Privilege, with bit 4: find the user by name alone. */
  role: number
  username: Uint8Array
}

/** IPMI 2.0 §13.20. */
export function encodeRakp1(message: Rakp1): Uint8Array {
  const writer = new ByteWriter(44).uint8(message.tag).zeros(3).uint32Le(message.bmcSessionId)
  writer.bytes(message.consoleRandom).uint8(message.role).zeros(2)
  return writer.uint8(message.username.length).bytes(message.username).finish()
}

export type Rakp2 =
  | {
      kind: 'ok'
      tag: number
      consoleSessionId: number
      /** 16 bytes each. */
      bmcRandom: Uint8Array
      bmcGuid: Uint8Array
      code: Uint8Array
    }
  | { kind: 'refused'; tag: number; status: number; consoleSessionId: number | undefined }

/** IPMI 2.0 §13.21. @throws MalformedPacketError */
export function decodeRakp2(bytes: Uint8Array): Rakp2 {
  const reader = new ByteReader(bytes, 'rakp 2')
  const tag = reader.uint8()
  const status = reader.uint8()
  if (status !== rakpStatus.ok) return { kind: 'refused', tag, status, consoleSessionId: refusedId(reader) }
  reader.bytes(2)
  const consoleSessionId = reader.uint32Le()
  return {
    kind: 'ok',
    tag,
    consoleSessionId,
    bmcRandom: reader.bytes(16),
    bmcGuid: reader.bytes(16),
    code: reader.rest(),
  }
}

/** IPMI 2.0 §13.22. With another status than `ok` the code is left out: we refuse the BMC. */
export function encodeRakp3(message: {
  tag: number
  status: number
  bmcSessionId: number
  code: Uint8Array
}): Uint8Array {
  const writer = new ByteWriter(40).uint8(message.tag).uint8(message.status).zeros(2)
  return writer.uint32Le(message.bmcSessionId).bytes(message.code).finish()
}

export type Rakp4 =
  | { kind: 'ok'; tag: number; consoleSessionId: number; code: Uint8Array }
  | { kind: 'refused'; tag: number; status: number; consoleSessionId: number | undefined }

/** IPMI 2.0 §13.23. @throws MalformedPacketError */
export function decodeRakp4(bytes: Uint8Array): Rakp4 {
  const reader = new ByteReader(bytes, 'rakp 4')
  const tag = reader.uint8()
  const status = reader.uint8()
  if (status !== rakpStatus.ok) return { kind: 'refused', tag, status, consoleSessionId: refusedId(reader) }
  reader.bytes(2)
  return { kind: 'ok', tag, consoleSessionId: reader.uint32Le(), code: reader.rest() }
}

/** A user name as it travels: up to 16 bytes of Latin-1. Undefined for one that no BMC can have. */
export function encodeUsername(username: string): Uint8Array | undefined {
  if (username.length > 16 || /[^ -\u00ff]/.test(username)) return undefined
  return fromLatin1(username)
}
