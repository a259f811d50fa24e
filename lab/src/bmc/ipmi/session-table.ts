import type { CipherSuite } from './cipher-suite.ts'
import type { Session } from './handshake.ts'

/** A session whose client says nothing for so long is given up (IPMI 2.0, 6.12.15). */
const idleMs = 60_000
/** A login that got stuck holds its slot only so long. */
const handshakeMs = 10_000

interface NewSession {
  remoteId: number
  suite: CipherSuite
  privilegeLimit: number
  remote: { address: string; port: number }
}

/** The sessions of one BMC, and how many it has room for. */
export class SessionTable {
  readonly #sessions = new Map<number, Session>()
  readonly #slots: number
  readonly #now: () => number
  readonly #onEnd: (session: Session) => void
  #nextId: number

  constructor(options: {
    slots: number
    now: () => number
    firstId: number
    onEnd: (session: Session) => void
  }) {
    this.#slots = options.slots
    this.#now = options.now
    this.#nextId = options.firstId
    this.#onEnd = options.onEnd
  }

  get size(): number {
    return this.#sessions.size
  }

  get slots(): number {
    return this.#slots
  }

  all(): Session[] {
    return [...this.#sessions.values()]
  }

  /** Ends what has been idle for too long; returns how many are left. */
  sweep(): number {
    const nowMs = this.#now()
    for (const session of this.#sessions.values()) {
      if (nowMs - session.lastSeenMs > (session.keys ? idleMs : handshakeMs)) this.end(session)
    }
    return this.#sessions.size
  }

  /** @returns undefined when every slot is taken. */
  open(request: NewSession): Session | undefined {
    if (this.sweep() >= this.#slots) return undefined
    const id = this.#nextId
    this.#nextId = ((this.#nextId + 0x0101) >>> 0) % 0xfffffffe || 1
    const session: Session = {
      ...request,
      id,
      privilege: 0,
      keys: undefined,
      user: undefined,
      lastSeenMs: this.#now(),
      outboundSequence: 0,
      inboundSequence: 0,
      inboundSeen: 0,
      lastAnswered: undefined,
      rakp: undefined,
    }
    this.#sessions.set(id, session)
    return session
  }

  /** The session that a packet is for, unless it timed out. */
  find(id: number): Session | undefined {
    const session = this.#sessions.get(id)
    if (!session) return undefined
    const limitMs = session.keys ? idleMs : handshakeMs
    if (this.#now() - session.lastSeenMs <= limitMs) return session
    this.end(session)
    return undefined
  }

  /** A login that was begun with these very words, whose answer may have got lost. */
  findRepeated(remote: { address: string; port: number }, request: Buffer): Session | undefined {
    return this.all().find(
      (session) =>
        session.remote.address === remote.address &&
        session.remote.port === remote.port &&
        !session.keys &&
        session.lastAnswered?.request.equals(request),
    )
  }

  end(session: Session): void {
    if (this.#sessions.delete(session.id)) this.#onEnd(session)
  }
}

/**
 * Whether a sequence number is new and near enough: up to 15 ahead of the highest and 16 behind it, once each
 * (IPMI 2.0, 6.12.13). Remembers it when it is.
 */
export function acceptSequence(session: Session, sequence: number): boolean {
  if (sequence === 0) return false
  if (session.inboundSequence === 0) {
    session.inboundSequence = sequence
    session.inboundSeen = 1
    return true
  }
  const ahead = (sequence - session.inboundSequence) | 0
  if (ahead > 15 || ahead < -16) return false
  if (ahead > 0) {
    session.inboundSequence = sequence
    session.inboundSeen = (session.inboundSeen << ahead) | 1
    return true
  }
  const bit = 1 << -ahead
  if (session.inboundSeen & bit) return false
  session.inboundSeen |= bit
  return true
}

/** The next number of a packet that we send: never 0. */
export function nextSequence(session: Session): number {
  session.outboundSequence = (session.outboundSequence + 1) >>> 0 || 1
  return session.outboundSequence
}
