import type { CipherSuite } from '../../codec/rmcp/cipher-suites.ts'
import type { RmcpCryptography } from '../../codec/rmcp/cryptography.ts'
import type { SessionKeys } from '../../codec/rmcp/protected-packet.ts'
import {
  decodeOpenSessionResponse,
  decodeRakp2,
  decodeRakp4,
  encodeOpenSessionRequest,
  encodeRakp1,
  encodeRakp3,
  rakpStatus,
} from '../../codec/rmcp/rakp.ts'
import {
  type RakpExchange,
  rakp2Code,
  rakp3Code,
  rakp4Code,
  sessionIntegrityKey,
  sessionKeys,
} from '../../codec/rmcp/rakp-keys.ts'
import { payloadTypes } from '../../codec/rmcp/session-packet.ts'
import { type HandshakeRefusal, refusalOf } from './handshake-refusal.ts'

/** What one set-up of a session is made with; ids, tag and random bytes are fresh for each. */
export interface HandshakeSettings {
  suite: CipherSuite
  username: Uint8Array
  password: Uint8Array
  /** K_g; undefined where the BMC has none. */
  kg: Uint8Array | undefined
  /** 2 user, 3 operator, 4 administrator. */
  privilege: number
  tag: number
  consoleSessionId: number
  /** 16 bytes. */
  consoleRandom: Uint8Array
}

export interface SetupPayload {
  payloadType: number
  payload: Uint8Array
}

/** Set-up of a session (IPMI 2.0 §13.15), between two messages. */
export type HandshakeState =
  | { phase: 'opening'; settings: HandshakeSettings }
  | { phase: 'rakp-1-sent'; settings: HandshakeSettings; bmcSessionId: number }
  | { phase: 'rakp-3-sent'; settings: HandshakeSettings; exchange: RakpExchange; sik: Uint8Array }

export type HandshakeStep =
  | { kind: 'send'; state: HandshakeState; send: SetupPayload }
  | { kind: 'established'; bmcSessionId: number; keys: SessionKeys }
  /** `farewell` tells the BMC that we leave, so that it frees the session. */
  | { kind: 'failed'; refusal: HandshakeRefusal; farewell?: SetupPayload }
  /** Not the answer that is waited for. */
  | { kind: 'ignore'; reason: string }

type Cryptography = Pick<RmcpCryptography, 'hmac' | 'isEqual'>

/** Bit 4: the BMC finds the user by name alone, whatever the privilege. */
const nameOnlyLookup = 0x10

export function startHandshake(settings: HandshakeSettings): { state: HandshakeState; send: SetupPayload } {
  const { tag, privilege, consoleSessionId, suite } = settings
  const payload = encodeOpenSessionRequest({ tag, privilege, consoleSessionId, suite })
  return {
    state: { phase: 'opening', settings },
    send: { payloadType: payloadTypes.openSessionRequest, payload },
  }
}

/** @throws MalformedPacketError */
export function transitionHandshake(
  state: HandshakeState,
  received: SetupPayload,
  cryptography: Cryptography,
): HandshakeStep {
  switch (state.phase) {
    case 'opening':
      if (received.payloadType !== payloadTypes.openSessionResponse) return notAwaited
      return handleOpenSessionResponse(state.settings, received.payload)
    case 'rakp-1-sent':
      if (received.payloadType !== payloadTypes.rakp2) return notAwaited
      return handleRakp2(state.settings, state.bmcSessionId, received.payload, cryptography)
    case 'rakp-3-sent':
      if (received.payloadType !== payloadTypes.rakp4) return notAwaited
      return handleRakp4(state, received.payload, cryptography)
  }
}

const notAwaited: HandshakeStep = { kind: 'ignore', reason: 'another message is awaited' }
const notOurs: HandshakeStep = { kind: 'ignore', reason: 'it belongs to another set-up' }

function isOurs(
  settings: HandshakeSettings,
  answer: { tag: number; consoleSessionId: number | undefined },
): boolean {
  if (answer.tag !== settings.tag) return false
  return answer.consoleSessionId === undefined || answer.consoleSessionId === settings.consoleSessionId
}

/** Some BMCs leave our id zero where they refuse. */
function isOurRefusal(
  settings: HandshakeSettings,
  answer: { tag: number; consoleSessionId: number | undefined },
): boolean {
  return isOurs(settings, { ...answer, consoleSessionId: answer.consoleSessionId || undefined })
}

function handleOpenSessionResponse(settings: HandshakeSettings, payload: Uint8Array): HandshakeStep {
  const response = decodeOpenSessionResponse(payload)
  if (response.kind === 'refused')
    return isOurRefusal(settings, response)
      ? { kind: 'failed', refusal: refusalOf(response.status, 'opening') }
      : notOurs
  if (!isOurs(settings, response)) return notOurs
  const { suite, tag, consoleRandom, username } = settings
  const isAsAsked =
    response.authentication === suite.authentication &&
    response.integrity === suite.integrity &&
    response.confidentiality === suite.confidentiality
  // A weaker suite than the one asked for is not taken: it would be a downgrade.
  if (!isAsAsked) return { kind: 'failed', refusal: refusalOf(0x11, 'opening') }
  const { bmcSessionId } = response
  return {
    kind: 'send',
    state: { phase: 'rakp-1-sent', settings, bmcSessionId },
    send: {
      payloadType: payloadTypes.rakp1,
      payload: encodeRakp1({ tag, bmcSessionId, consoleRandom, role: roleOf(settings), username }),
    },
  }
}

function handleRakp2(
  settings: HandshakeSettings,
  bmcSessionId: number,
  payload: Uint8Array,
  cryptography: Cryptography,
): HandshakeStep {
  const message = decodeRakp2(payload)
  if (message.kind === 'refused')
    return isOurRefusal(settings, message)
      ? { kind: 'failed', refusal: refusalOf(message.status, 'rakp') }
      : notOurs
  if (!isOurs(settings, message)) return notOurs
  const { suite, tag, consoleSessionId, consoleRandom, username, password } = settings
  const { bmcRandom, bmcGuid } = message
  const role = roleOf(settings)
  const exchange = {
    suite,
    consoleSessionId,
    bmcSessionId,
    consoleRandom,
    bmcRandom,
    bmcGuid,
    role,
    username,
  }
  const expected = rakp2Code(exchange, password, cryptography)
  const isRight = cryptography.isEqual(expected, message.code.subarray(0, suite.keyCodeSizeBytes))
  const status = isRight ? rakpStatus.ok : rakpStatus.invalidIntegrityCheck
  const code = isRight ? rakp3Code(exchange, password, cryptography) : new Uint8Array()
  const send = {
    payloadType: payloadTypes.rakp3,
    payload: encodeRakp3({ tag, status, bmcSessionId, code }),
  }
  if (!isRight) return { kind: 'failed', refusal: refusalOf(status, 'rakp'), farewell: send }
  const sik = sessionIntegrityKey(exchange, settings.kg ?? password, cryptography)
  return { kind: 'send', state: { phase: 'rakp-3-sent', settings, exchange, sik }, send }
}

function handleRakp4(
  state: Extract<HandshakeState, { phase: 'rakp-3-sent' }>,
  payload: Uint8Array,
  cryptography: Cryptography,
): HandshakeStep {
  const message = decodeRakp4(payload)
  const { settings, exchange, sik } = state
  if (message.kind === 'refused')
    return isOurRefusal(settings, message)
      ? { kind: 'failed', refusal: refusalOf(message.status, 'rakp') }
      : notOurs
  if (!isOurs(settings, message)) return notOurs
  const expected = rakp4Code(exchange, sik, cryptography)
  if (!cryptography.isEqual(expected, message.code)) return { kind: 'failed', refusal: wrongKg }
  const keys = sessionKeys(exchange.suite, sik, cryptography)
  return { kind: 'established', bmcSessionId: exchange.bmcSessionId, keys }
}

/** The password was right (RAKP 2), and K_g is the only other thing that the keys are made of. */
const wrongKg: HandshakeRefusal = {
  reason: 'wrong-kg',
  message: 'The BMC’s K_g key is not the one given: set the same key here as in the BMC, or none in both.',
}

function roleOf(settings: HandshakeSettings): number {
  return settings.privilege | nameOnlyLookup
}
