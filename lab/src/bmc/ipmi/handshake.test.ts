import { describe, expect, test } from 'vitest'
import { Bmc } from '../bmc.ts'
import { lightChassis } from '../light-chassis.ts'
import { personalities } from '../personality.ts'
import { createUsers } from '../users.ts'
import { decryptPayload, encryptPayload, hasRightCode, sealPacket } from './cipher-suite.ts'
import {
  answerRakp1,
  answerRakp3,
  decodeOpenRequest,
  encodeOpenResponse,
  type HandshakeParts,
  type Session,
} from './handshake.ts'
import { encodeRmcpPlus } from './packet.ts'
import { SessionTable } from './session-table.ts'

/** Logins that ipmitool 1.8.19 made at a third BMC, whose answers it accepted: the payloads, and two packets of each session. */
const recorded = [
  {
    suiteId: 3,
    open: '00000000a4a3a2a0000000080100000001000008010000000200000801000000',
    opened: '00000400a4a3a2a0dec00002000000080100000001000008010000000200000801000000',
    rakp1: '00000000dec00002d8ebd7fb35eface0709d43c47183c0dc1400000561646d696e',
    rakp2:
      '00000000a4a3a2a0404142434445464748494a4b4c4d4e4fa0a1a2a3a4a5a6a7a8a9aaabacadaeafd5063664c348a893b2b12094839d82cb488e8505',
    rakp3: '00000000dec0000293ecc937ed9482432a1f6248adebcfbb44d7b5ce',
    rakp4: '00000000a4a3a2a0da100599c6015df216e0be5b',
    request:
      '0600ff0706c0dec00002030000002000409a61ef04b50fd02df006c00c834f1061a85b69913e6626783c1ce8677a375bffff0207078f45e5bc98bbcdee59926a',
    plain: '2018c881043b043c',
    answer:
      '0600ff0706c0a4a3a2a001000000200080808080808080808080808080808080bf468104540238e20a28a34daf755226ffff02070b5e6e61c9bef9b1d6720457',
    answerPlain: '811c6320043b00049d',
  },
  {
    suiteId: 17,
    open: '00000000a4a3a2a0000000080300000001000008040000000200000801000000',
    opened: '00000400a4a3a2a0dec00002000000080300000001000008040000000200000801000000',
    rakp1: '00000000dec000023b7f694fdabed0fe2ae6988ec6bd766c1400000561646d696e',
    rakp2:
      '00000000a4a3a2a0404142434445464748494a4b4c4d4e4fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf94ba52896a4beec666b9dd20ff84d398c59e2afc3a3188160242c4486f0ba9be',
    rakp3: '00000000dec00002f195e2a30415106b4ad18fdc55f2bd6d8ea71e75ccf870dd28640087f2f338cd',
    rakp4: '00000000a4a3a2a07f91e0faeccf58e0f6ddf8b0a1e1bff9',
    request:
      '0600ff0706c0dec0000203000000200068fa6933ad519e8401268fbf8f3cf11c313bfc0cce3b16a2290620e2f5fd7c08ffff0207cc671559affad2ecfe7b47151d0bc88a',
    plain: '2018c881043b043c',
    answer:
      '0600ff0706c0a4a3a2a001000000200080808080808080808080808080808080614faeef894f4b311cbff999a54ae461ffff0207ca824ac89154461d3a3034ac666eb7c0',
    answerPlain: '811c6320043b00049d',
  },
]

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')

function createParts(options: { password?: string; kg?: Uint8Array } = {}): HandshakeParts {
  const network = {
    address: '127.0.0.1',
    netmask: '255.0.0.0',
    gateway: '0.0.0.0',
    mac: '02:00:00:00:00:01',
    source: 'static' as const,
  }
  const users = createUsers([{ name: 'admin', password: options.password ?? 'secret' }])
  const parts = { chassis: lightChassis(1), personality: personalities.dell, users, network }
  return {
    bmc: new Bmc({ ...parts, kg: options.kg }),
    guid: bytes('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf'),
    randomBytes: () => bytes('404142434445464748494a4b4c4d4e4f'),
  }
}

function open(payload: string): { session: Session; response: Buffer } {
  const table = new SessionTable({ slots: 1, now: () => 0, firstId: 0x0200c0de, onEnd: () => undefined })
  const request = decodeOpenRequest(bytes(payload))
  if (!request?.suite) throw new Error('the request names a suite')
  const { remoteId, suite } = request
  const remote = { address: '127.0.0.1', port: 1 }
  const session = table.open({ remoteId, suite, privilegeLimit: request.privilege || 4, remote })
  if (!session) throw new Error('there is a slot')
  return { session, response: encodeOpenResponse(request, session) }
}

describe.each(recorded)('a recorded login, suite $suiteId', (login) => {
  test('gets the recorded answers, byte for byte, and packets that ipmitool could read', () => {
    const parts = createParts()
    const { session, response } = open(login.open)
    expect(session.suite.id).toBe(login.suiteId)
    // The recorded BMC left the privilege at what was asked for: "highest", as 0.
    expect(response.subarray(4).toString('hex')).toBe(login.opened.slice(8))
    expect(answerRakp1(parts, session, bytes(login.rakp1)).response?.toString('hex')).toBe(login.rakp2)
    const last = answerRakp3(parts, session, bytes(login.rakp3))
    expect([last.response?.toString('hex'), last.outcome]).toEqual([login.rakp4, 'active'])
    const { keys } = session
    if (!keys) throw new Error('it has keys')
    const request = bytes(login.request)
    expect(hasRightCode(keys, request.subarray(4))).toBe(true)
    expect(decryptPayload(keys, request.subarray(16, 48))?.toString('hex')).toBe(login.plain)
    const answer = encryptPayload(keys, bytes(login.answerPlain), Buffer.alloc(16, 0x80))
    expect(sealPacket(keys, encodeRmcpPlus(0xc0, session.remoteId, 1, answer)).toString('hex')).toBe(
      login.answer,
    )
  })

  test('ends at RAKP 4 when the password is another', () => {
    const parts = createParts({ password: 'other' })
    const { session } = open(login.open)
    answerRakp1(parts, session, bytes(login.rakp1))
    const answer = answerRakp3(parts, session, bytes(login.rakp3))
    expect([answer.response?.[1], answer.outcome, session.keys]).toEqual([0x0f, 'ends', undefined])
  })

  test('has another check value when there is a K_g', () => {
    const parts = createParts({ kg: Buffer.alloc(20, 7) })
    const { session } = open(login.open)
    answerRakp1(parts, session, bytes(login.rakp1))
    const { response } = answerRakp3(parts, session, bytes(login.rakp3))
    expect(response?.length).toBe(login.rakp4.length / 2)
    expect(response?.toString('hex')).not.toBe(login.rakp4)
  })

  test('is refused for an unknown name, and for more than the user may', () => {
    const unknown = bytes(login.rakp1)
    unknown[28] = 0x62
    expect(answerRakp1(createParts(), open(login.open).session, unknown).response?.[1]).toBe(0x0d)
    const parts = createParts()
    for (const user of parts.bmc.users) if (user.name === 'admin') user.privilege = 3
    expect(answerRakp1(parts, open(login.open).session, bytes(login.rakp1)).response?.[1]).toBe(0x0a)
  })

  test('one changed byte of a packet and its code no longer fits', () => {
    const parts = createParts()
    const { session } = open(login.open)
    answerRakp1(parts, session, bytes(login.rakp1))
    answerRakp3(parts, session, bytes(login.rakp3))
    const { keys } = session
    if (!keys) throw new Error('it has keys')
    for (let index = 4; index < login.request.length / 2; index += 1) {
      const packet = bytes(login.request)
      packet[index] = (packet[index] ?? 0) ^ 1
      expect(hasRightCode(keys, packet.subarray(4))).toBe(false)
    }
  })
})
