import { type CipherSuite, cipherSuite } from '../../codec/rmcp/cipher-suites.ts'
import type { RmcpCryptography } from '../../codec/rmcp/cryptography.ts'
import type { SessionKeys } from '../../codec/rmcp/protected-packet.ts'
import { encodePlainPacket, type RmcpPlusPacket } from '../../codec/rmcp/session-packet.ts'
import {
  type HandshakeState,
  type HandshakeStep,
  type SetupPayload,
  startHandshake,
  transitionHandshake,
} from '../../protocol/ipmi/handshake.ts'
import type { HandshakeRefusal } from '../../protocol/ipmi/handshake-refusal.ts'
import { IpmiError } from '../../protocol/ipmi/ipmi-error.ts'
import { setupTimeoutsMs, suiteForAttempt } from '../../protocol/ipmi/retry.ts'
import { awaitFor } from './awaiting.ts'
import type { SessionIdentity } from './target.ts'

export interface EstablishedSession {
  keys: SessionKeys
  consoleSessionId: number
  bmcSessionId: number
}

/** What a set-up needs of its session. */
export interface SetupChannel {
  send: (bytes: Uint8Array) => void
  /** Where packets of set-up are to be given while one runs. */
  onPacket: (handler: ((packet: RmcpPlusPacket) => boolean) | undefined) => void
  /** The suites that the BMC says it has; none when it does not say. */
  offeredSuites: () => Promise<number[]>
}

/** Suites with encryption and signatures that are taken unasked when the BMC has neither 17 nor 3. */
const unaskedSuites = [8]

type Outcome =
  | { kind: 'established'; session: EstablishedSession }
  | { kind: 'failed'; refusal: HandshakeRefusal }
  | { kind: 'silent' }

/** Opens a session: tries the suites in turn, and again when packets are lost. @throws IpmiError */
export async function setUpSession(
  identity: SessionIdentity,
  suites: readonly CipherSuite[],
  channel: SetupChannel,
  cryptography: RmcpCryptography,
): Promise<EstablishedSession> {
  const result = await trySuites(identity, suites, channel, cryptography)
  if (result.kind === 'established') return result.session
  if (result.kind === 'failed' && result.refusal.triesNextSuite && !identity.hasChosenSuites) {
    const offered = await channel.offeredSuites()
    const more = unaskedSuites.filter((id) => offered.includes(id)).flatMap((id) => cipherSuite(id) ?? [])
    const second = more.length > 0 ? await trySuites(identity, more, channel, cryptography) : result
    if (second.kind === 'established') return second.session
  }
  throw failure(identity, result)
}

async function trySuites(
  identity: SessionIdentity,
  suites: readonly CipherSuite[],
  channel: SetupChannel,
  cryptography: RmcpCryptography,
): Promise<Outcome> {
  let left = suites
  let silences = 0
  let repeats = 0
  for (;;) {
    const suite = suiteForAttempt(left, silences)
    const timeoutMs = setupTimeoutsMs[silences]
    if (!suite || timeoutMs === undefined) return { kind: 'silent' }
    const outcome = await attempt({ identity, suite, timeoutMs }, channel, cryptography)
    if (outcome.kind === 'established') return outcome
    if (outcome.kind === 'silent') {
      silences += 1
    } else if (outcome.refusal.triesNextSuite && left.length > 1) {
      left = left.filter((other) => other !== suite)
    } else if (outcome.refusal.triesAgain && repeats < 2) {
      repeats += 1
    } else {
      return outcome
    }
  }
}

/** One exchange from Open Session Request to RAKP 4. RAKP messages can't be repeated one by one, so silence ends it. */
async function attempt(
  { identity, suite, timeoutMs }: { identity: SessionIdentity; suite: CipherSuite; timeoutMs: number },
  channel: SetupChannel,
  cryptography: RmcpCryptography,
): Promise<Outcome> {
  const { username, password, kg, privilege } = identity
  const [tag, consoleSessionId] = freshIds(cryptography)
  const consoleRandom = cryptography.randomBytes(16)
  const settings = { suite, username, password, kg, privilege, tag, consoleSessionId, consoleRandom }
  let { state, send } = startHandshake(settings)
  try {
    for (;;) {
      const step = await exchange(state, send, timeoutMs, channel, cryptography)
      if (!step) return { kind: 'silent' }
      if (step.kind === 'established') {
        const { keys, bmcSessionId } = step
        return { kind: 'established', session: { keys, consoleSessionId, bmcSessionId } }
      }
      if (step.kind === 'failed') {
        if (step.farewell) channel.send(setupPacket(step.farewell))
        return { kind: 'failed', refusal: step.refusal }
      }
      ;({ state, send } = step)
    }
  } finally {
    channel.onPacket(undefined)
  }
}

type DecisiveStep = Exclude<HandshakeStep, { kind: 'ignore' }>

/** Sends one message and waits for the answer that moves the set-up on; undefined when none comes. */
function exchange(
  state: HandshakeState,
  message: SetupPayload,
  timeoutMs: number,
  channel: SetupChannel,
  cryptography: RmcpCryptography,
): Promise<DecisiveStep | undefined> {
  const awaiting = awaitFor<DecisiveStep>(timeoutMs)
  channel.onPacket((packet) => {
    if (packet.isAuthenticated || packet.isEncrypted) return false
    const step = transitionHandshake(state, packet, cryptography)
    if (step.kind === 'ignore') return false
    channel.onPacket(undefined)
    awaiting.give(step)
    return true
  })
  channel.send(setupPacket(message))
  return awaiting.promise
}

function setupPacket(message: SetupPayload): Uint8Array {
  return encodePlainPacket({ ...message, sessionId: 0, sequence: 0 })
}

function freshIds(cryptography: RmcpCryptography): [tag: number, consoleSessionId: number] {
  const [tag = 0, a = 0, b = 0, c = 0, d = 0] = cryptography.randomBytes(5)
  return [tag, ((a << 24) | (b << 16) | (c << 8) | d) >>> 0 || 1]
}

function failure(identity: SessionIdentity, outcome: Exclude<Outcome, { kind: 'established' }>): IpmiError {
  if (outcome.kind === 'failed')
    return new IpmiError(outcome.refusal.reason, `${identity.name}: ${outcome.refusal.message}`)
  return new IpmiError(
    'timeout',
    `${identity.name}: no answer. Check the address, the cable, and that IPMI over LAN is switched on in the BMC.`,
  )
}
