import { timingSafeEqual } from 'node:crypto'
import type { Bmc } from '../bmc.ts'
import { type BmcUser, findUser, privileges } from '../users.ts'
import { type CipherSuite, cipherSuites, deriveKeys, hmac, type SessionKeys } from './cipher-suite.ts'

/** RMCP+ status codes (IPMI 2.0, table 13-15), those that we give. */
const status = {
  ok: 0x00,
  noResources: 0x01,
  badSession: 0x02,
  badRole: 0x0a,
  nameLength: 0x0c,
  unknownName: 0x0d,
  badCode: 0x0f,
  illegalParameter: 0x12,
} as const

/** One row of the session table, from the open session request on. */
export interface Session {
  /** The BMC's id of it: what the client sends. */
  id: number
  /** The client's. */
  remoteId: number
  suite: CipherSuite
  /** Highest privilege that may be asked for. */
  privilegeLimit: number
  /** What commands are judged by. */
  privilege: number
  keys: SessionKeys | undefined
  user: BmcUser | undefined
  lastSeenMs: number
  remote: { address: string; port: number }
  outboundSequence: number
  /** Highest sequence number that came, and which of the 32 below came too. */
  inboundSequence: number
  inboundSeen: number
  /** The last handshake message and its answer, for a client that did not get it. */
  lastAnswered: { request: Buffer; response: Buffer } | undefined
  rakp: RakpState | undefined
}

interface RakpState {
  consoleRandom: Buffer
  ourRandom: Buffer
  /** Role byte, length of the name, name. */
  roleAndName: Buffer
}

export interface HandshakeParts {
  bmc: Bmc
  guid: Buffer
  randomBytes: (length: number) => Buffer
}

const idBytes = (id: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(id)
  return bytes
}

export interface OpenRequest {
  tag: number
  privilege: number
  remoteId: number
  suite: CipherSuite | undefined
}

/** Decodes an Open Session Request (13.17). */
export function decodeOpenRequest(payload: Buffer): OpenRequest | undefined {
  if (payload.length < 32) return undefined
  const [authentication, integrity, confidentiality] = [12, 20, 28].map((offset) => payload.readUInt8(offset))
  const suite = cipherSuites.find(
    (candidate) =>
      candidate.authentication === authentication &&
      candidate.integrity === integrity &&
      candidate.confidentiality === confidentiality,
  )
  return {
    tag: payload.readUInt8(0),
    privilege: payload.readUInt8(1) & 0x0f,
    remoteId: payload.readUInt32LE(4),
    suite,
  }
}

export function encodeOpenFailure(request: OpenRequest, code: number): Buffer {
  return Buffer.concat([Buffer.from([request.tag, code, 0, 0]), idBytes(request.remoteId)])
}

/** The answer to an Open Session Request that gets a session (13.18). */
export function encodeOpenResponse(request: OpenRequest, session: Session): Buffer {
  const { suite } = session
  const record = (type: number, algorithm: number) => [type, 0, 0, 8, algorithm, 0, 0, 0]
  return Buffer.concat([
    Buffer.from([request.tag, status.ok, session.privilegeLimit, 0]),
    idBytes(session.remoteId),
    idBytes(session.id),
    Buffer.from([
      ...record(0, suite.authentication),
      ...record(1, suite.integrity),
      ...record(2, suite.confidentiality),
    ]),
  ])
}

export interface HandshakeAnswer {
  response: Buffer | undefined
  /** What becomes of the session. */
  outcome: 'continues' | 'active' | 'ends'
}

function refuse(tag: number, code: number, session: Session): HandshakeAnswer {
  const response = Buffer.concat([Buffer.from([tag, code, 0, 0]), idBytes(session.remoteId)])
  return { response, outcome: 'ends' }
}

/** Looks the user up that RAKP 1 names, by name alone or by name and role. */
function findRakpUser(bmc: Bmc, role: number, name: string): BmcUser | undefined {
  const user = findUser(bmc.users, name)
  const isNameOnly = (role & 0x10) !== 0
  const mayLogIn = user?.mayUseIpmi && user.privilege !== privileges.none
  return mayLogIn && (isNameOnly || user.privilege >= (role & 0x0f)) ? user : undefined
}

/** RAKP 1 to RAKP 2 (13.20, 13.21): who wants in, and our proof that we know the password. */
export function answerRakp1(parts: HandshakeParts, session: Session, payload: Buffer): HandshakeAnswer {
  const tag = payload[0] ?? 0
  if (payload.length < 28) return refuse(tag, status.illegalParameter, session)
  const role = payload.readUInt8(24)
  const nameLength = payload.readUInt8(27)
  if (nameLength > 16 || payload.length < 28 + nameLength) return refuse(tag, status.nameLength, session)
  const name = payload.subarray(28, 28 + nameLength)
  const user = findRakpUser(parts.bmc, role, name.toString('latin1'))
  if (!user) return refuse(tag, status.unknownName, session)
  const wanted = role & 0x0f
  if (wanted > user.privilege || wanted > session.privilegeLimit) return refuse(tag, status.badRole, session)
  const consoleRandom = Buffer.from(payload.subarray(8, 24))
  const ourRandom = parts.randomBytes(16)
  const roleAndName = Buffer.concat([Buffer.from([role, nameLength]), name])
  session.user = user
  session.rakp = { consoleRandom, ourRandom, roleAndName }
  if (wanted > 0) session.privilegeLimit = wanted
  session.privilegeLimit = Math.min(session.privilegeLimit, user.privilege)
  const ids = [idBytes(session.remoteId), idBytes(session.id)]
  const proof = hmac(
    session.suite,
    Buffer.from(user.password, 'latin1'),
    ...ids,
    consoleRandom,
    ourRandom,
    parts.guid,
    roleAndName,
  )
  const head = Buffer.from([tag, status.ok, 0, 0])
  const response = Buffer.concat([head, idBytes(session.remoteId), ourRandom, parts.guid, proof])
  return { response, outcome: 'continues' }
}

/** RAKP 3 to RAKP 4 (13.22, 13.23): checks the client's proof, and makes the session's keys. */
export function answerRakp3(parts: HandshakeParts, session: Session, payload: Buffer): HandshakeAnswer {
  const tag = payload[0] ?? 0
  const { rakp, user, suite } = session
  if (!rakp || !user) return refuse(tag, status.badSession, session)
  if (payload.length < 8 || payload[1] !== status.ok) return { response: undefined, outcome: 'ends' }
  const password = Buffer.from(user.password, 'latin1')
  const { consoleRandom, ourRandom, roleAndName } = rakp
  const expected = hmac(suite, password, ourRandom, idBytes(session.remoteId), roleAndName)
  const given = payload.subarray(8)
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    return refuse(tag, status.badCode, session)
  const sik = hmac(suite, parts.bmc.kg ?? password, consoleRandom, ourRandom, roleAndName)
  session.keys = deriveKeys(suite, sik)
  session.privilege = Math.min(privileges.user, session.privilegeLimit)
  const check = hmac(suite, sik, consoleRandom, idBytes(session.id), parts.guid).subarray(0, suite.codeLength)
  const head = Buffer.from([tag, status.ok, 0, 0])
  return { response: Buffer.concat([head, idBytes(session.remoteId), check]), outcome: 'active' }
}
