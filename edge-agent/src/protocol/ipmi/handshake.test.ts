import { describe, expect, it } from 'vitest'
import {
  bmcSessionId,
  bytesOf,
  consoleSessionId,
  goldenFrames,
  goldenSessions,
} from '../../../test/ipmi-golden.ts'
import { fromLatin1 } from '../../codec/byte-writer.ts'
import { decodeIpmiResponse, encodeIpmiRequest } from '../../codec/ipmi/message.ts'
import { cipherSuite } from '../../codec/rmcp/cipher-suites.ts'
import {
  encodeProtectedPacket,
  openProtectedPacket,
  type SessionKeys,
} from '../../codec/rmcp/protected-packet.ts'
import { decodeRmcpPacket } from '../../codec/rmcp/rmcp.ts'
import {
  encodePlainPacket,
  encodeSessionlessPacket,
  type RmcpPlusPacket,
} from '../../codec/rmcp/session-packet.ts'
import { nodeCryptography } from '../../services/ipmi/cryptography.ts'
import {
  type HandshakeSettings,
  type HandshakeStep,
  type SetupPayload,
  startHandshake,
  transitionHandshake,
} from './handshake.ts'

const setupOf = (bytes: Uint8Array): RmcpPlusPacket => {
  const packet = decodeRmcpPacket(bytes)
  if (packet.kind !== 'rmcp-plus') throw new Error(`a ${packet.kind}`)
  return packet
}

function settingsFor(id: 3 | 17, changes: Partial<HandshakeSettings> = {}): HandshakeSettings {
  const suite = cipherSuite(id)
  if (!suite) throw new Error('no such suite')
  return {
    suite,
    username: fromLatin1(goldenSessions.username),
    password: fromLatin1(goldenSessions.password),
    kg: undefined,
    privilege: 4,
    tag: 0,
    consoleSessionId,
    consoleRandom: bytesOf(goldenSessions.suites[id].console_random_rm),
    ...changes,
  }
}

interface Replayed {
  sent: SetupPayload[]
  last: HandshakeStep
}

/** Plays the recorded BMC's answers, each changed by `alter` (0 Open Session Response, 1 RAKP 2, 2 RAKP 4). */
function replay(
  settings: HandshakeSettings,
  id: 3 | 17,
  alter: (bytes: Uint8Array, index: number) => Uint8Array = (bytes) => bytes,
): Replayed {
  const answers = goldenFrames(id)
    .slice(2, 8)
    .filter(({ isSent }) => !isSent)
  let { state, send } = startHandshake(settings)
  const sent = [send]
  for (const [index, { bytes }] of answers.entries()) {
    const last = transitionHandshake(state, setupOf(alter(bytes.slice(), index)), nodeCryptography)
    if (last.kind !== 'send') return { sent, last }
    ;({ state, send } = last)
    sent.push(send)
  }
  throw new Error('the set-up did not end')
}

function established(id: 3 | 17): SessionKeys {
  const { last } = replay(settingsFor(id), id)
  if (last.kind !== 'established') throw new Error(last.kind)
  return last.keys
}

const changed = (bytes: Uint8Array, offset: number): Uint8Array => {
  bytes[offset] = (bytes[offset] ?? 0) ^ 0x01
  return bytes
}

describe.each([3, 17] as const)('a recorded session with suite %i', (id) => {
  const golden = goldenSessions.suites[id]
  const frames = goldenFrames(id)

  it('starts with a question outside of any session, byte for byte', () => {
    const data = Uint8Array.of(0x8e, 0x04)
    const message = encodeIpmiRequest({ netFn: 6, command: 0x38, requestSequence: 0, data })
    expect(encodeSessionlessPacket(message)).toEqual(frames[0]?.bytes)
  })

  it('is set up byte for byte, but for the privilege', () => {
    // ipmitool asks for the highest that the suite allows (0); some BMCs then make their codes with that, so we ask for ours.
    const [asked] = frames.slice(2).map(({ bytes }) => bytes)
    if (asked) asked[17] = 4
    const { sent } = replay(settingsFor(id), id)
    const datagrams = sent.map((message) => encodePlainPacket({ ...message, sessionId: 0, sequence: 0 }))
    expect(datagrams).toEqual(frames.slice(2, 8).flatMap(({ isSent, bytes }) => (isSent ? [bytes] : [])))
  })

  it('ends with the recorded keys', () => {
    const { last } = replay(settingsFor(id), id)
    expect(last).toMatchObject({ kind: 'established', bmcSessionId })
    const keys = established(id)
    expect(Buffer.from(keys.integrityKey).toString('hex')).toBe(golden.k1)
    expect(Buffer.from(keys.encryptionKey).toString('hex')).toBe(golden.aes_key)
  })

  it('has packets that are read and written byte for byte', () => {
    const keys = established(id)
    for (const { isSent, bytes, plain } of frames.slice(8)) {
      const packet = setupOf(bytes)
      const opened = openProtectedPacket(packet, keys, nodeCryptography)
      expect(opened && new Uint8Array(opened)).toEqual(plain)
      const randomBytes = () => packet.payload.slice(0, 16)
      const { payloadType, sessionId, sequence } = packet
      const again = { payloadType, sessionId, sequence, payload: plain }
      expect(sessionId).toBe(isSent ? bmcSessionId : consoleSessionId)
      // The recorded BMC pads with other bytes than we do; ipmitool does as the specification says.
      if (isSent)
        expect(encodeProtectedPacket(again, keys, { ...nodeCryptography, randomBytes })).toEqual(bytes)
      else expect(decodeIpmiResponse(plain).hasValidChecksums).toBe(true)
    }
  })

  it('has no byte that could be changed without being noticed', () => {
    const keys = established(id)
    const frame = frames[9]?.bytes ?? new Uint8Array()
    for (let offset = 4; offset < frame.length; offset++) {
      const opened = (() => {
        try {
          const packet = decodeRmcpPacket(changed(frame.slice(), offset))
          return packet.kind === 'rmcp-plus' ? openProtectedPacket(packet, keys, nodeCryptography) : undefined
        } catch {
          return undefined
        }
      })()
      expect(opened, `byte ${offset}`).toBeUndefined()
    }
  })

  it.each([20, 36, 52, 60])('refuses a RAKP 2 changed at byte %i as a wrong password', (offset) => {
    const { last } = replay(settingsFor(id), id, (bytes, index) =>
      index === 1 ? changed(bytes, offset + 4) : bytes,
    )
    expect(last).toMatchObject({ kind: 'failed', refusal: { reason: 'wrong-password' } })
  })

  it('tells a BMC whose RAKP 2 is wrong that it leaves', () => {
    const { last } = replay(settingsFor(id, { password: fromLatin1('wrong') }), id)
    expect(last).toMatchObject({ kind: 'failed', refusal: { reason: 'wrong-password' } })
    if (last.kind !== 'failed') throw new Error(last.kind)
    expect(last.farewell?.payload.slice(0, 2)).toEqual(Uint8Array.of(0, 0x0f))
    expect(last.farewell?.payload).toHaveLength(8)
  })

  it('refuses a RAKP 4 that was changed, cut short, or made with another K_g', () => {
    const wrongKg = { kind: 'failed', refusal: { reason: 'wrong-kg' } }
    const alter = (change: (bytes: Uint8Array) => Uint8Array) =>
      replay(settingsFor(id), id, (bytes, index) => (index === 2 ? change(bytes) : bytes)).last
    expect(alter((bytes) => changed(bytes, bytes.length - 1))).toMatchObject(wrongKg)
    const shorter = (bytes: Uint8Array) => {
      const cut = bytes.slice(0, -1)
      cut[14] = (cut[14] ?? 0) - 1
      return cut
    }
    expect(alter(shorter)).toMatchObject(wrongKg)
    expect(replay(settingsFor(id, { kg: fromLatin1('another key') }), id).last).toMatchObject(wrongKg)
  })

  it('does not listen to the answers of an earlier set-up', () => {
    const later = settingsFor(id, { consoleSessionId: 0x01020304 })
    const { last } = replay(later, id)
    expect(last).toMatchObject({ kind: 'ignore' })
    expect(replay(settingsFor(id, { tag: 9 }), id).last).toMatchObject({ kind: 'ignore' })
  })

  it('refuses the answers of an earlier set-up with other random bytes', () => {
    const { last } = replay(settingsFor(id, { consoleRandom: new Uint8Array(16) }), id)
    expect(last).toMatchObject({ kind: 'failed', refusal: { reason: 'wrong-password' } })
  })

  it('refuses a BMC that chooses a weaker suite', () => {
    for (const offset of [16 + 16, 16 + 24, 16 + 32]) {
      const { last } = replay(settingsFor(id), id, (bytes, index) => {
        if (index === 0) bytes[offset] = 0
        return bytes
      })
      expect(last).toMatchObject({ kind: 'failed', refusal: { reason: 'no-cipher-suite' } })
    }
  })

  it.each([
    [0x01, 'no-free-session'],
    [0x0d, 'unknown-user'],
    [0x0f, 'wrong-password'],
    [0x09, 'privilege-too-low'],
    [0x11, 'no-cipher-suite'],
    [0x77, 'refused'],
  ])('reports status %i as %s', (status, reason) => {
    for (const refused of [0, 1, 2]) {
      const { last } = replay(settingsFor(id), id, (bytes, index) => {
        if (index === refused) bytes[17] = status
        return bytes
      })
      expect(last).toMatchObject({ kind: 'failed', refusal: { reason } })
    }
  })
})
