import { randomBytes } from 'node:crypto'
import { type BmcUser, findUser } from '../users.ts'

interface RedfishSession {
  id: string
  token: string
  user: BmcUser
  lastSeenMs: number
}

/** The logins of one BMC's Redfish service; each ends when nothing comes through it for a while. */
export class RedfishSessions {
  readonly #sessions = new Map<string, RedfishSession>()
  readonly #options: { users: readonly BmcUser[]; slots: number; idleMs: number; now: () => number }
  #nextId = 1

  constructor(options: { users: readonly BmcUser[]; slots: number; idleMs: number; now: () => number }) {
    this.#options = options
  }

  findUser(name: string, password: string): BmcUser | undefined {
    const user = findUser(this.#options.users, name)
    return user && name !== '' && user.password === password ? user : undefined
  }

  #sweep(): void {
    const { now, idleMs } = this.#options
    for (const session of this.#sessions.values()) {
      if (now() - session.lastSeenMs > idleMs || !session.user.isEnabled) this.#sessions.delete(session.id)
    }
  }

  /** @returns undefined when every slot is taken. */
  open(user: BmcUser): RedfishSession | undefined {
    this.#sweep()
    if (this.#sessions.size >= this.#options.slots) return undefined
    const id = String(this.#nextId++)
    const session = { id, token: randomBytes(16).toString('hex'), user, lastSeenMs: this.#options.now() }
    this.#sessions.set(id, session)
    return session
  }

  ids(): string[] {
    this.#sweep()
    return [...this.#sessions.keys()]
  }

  find(id: string): RedfishSession | undefined {
    return this.#sessions.get(id)
  }

  /** The user of a token, whose session is kept alive by that. */
  userOfToken(token: string): BmcUser | undefined {
    this.#sweep()
    const session = [...this.#sessions.values()].find((candidate) => candidate.token === token)
    if (session) session.lastSeenMs = this.#options.now()
    return session?.user
  }

  end(id: string): void {
    this.#sessions.delete(id)
  }
}
