import type { Chassis, ConsoleLink } from '../chassis.ts'
import { privileges } from '../users.ts'
import { type CommandContext, CommandError, type CommandTable, completion, nothing } from './command.ts'
import type { Session } from './handshake.ts'

/** Most characters in one packet that we send. */
const packetSize = 200
/** Characters wait so long for others. */
const accumulateMs = 30
const retryMs = 500
const retryCount = 8
/** What nobody fetches is forgotten from here on. */
const backlogSize = 256 * 1024

/** Flag bits of the fourth byte (IPMI 2.0, tables 15-2). */
const fromConsole = { nack: 0x40, sendBreak: 0x10, flushOutbound: 0x01 } as const
const deactivated = 0x10

/** How a SOL payload gets to the client of a session. */
export type SendSol = (session: Session, payload: Buffer) => void

/**
 * The BMC's end of Serial over LAN (IPMI 2.0, 15): one client at a time, one packet under way, repeated until it
 * is acknowledged; what comes twice is taken once.
 */
export class SolPort {
  readonly #chassis: Chassis
  readonly #send: SendSol
  #owner: Session | undefined
  #link: ConsoleLink | undefined
  #backlog = Buffer.alloc(0)
  #sequence = 0
  #underWay: { sequence: number; data: Buffer; triesLeft: number } | undefined
  #retryTimer: NodeJS.Timeout | undefined
  #accumulateTimer: NodeJS.Timeout | undefined
  #taken = { sequence: 0, count: 0 }

  constructor(chassis: Chassis, send: SendSol) {
    this.#chassis = chassis
    this.#send = send
  }

  get owner(): Session | undefined {
    return this.#owner
  }

  async activate(session: Session): Promise<void> {
    this.#owner = session
    this.#sequence = 0
    this.#taken = { sequence: 0, count: 0 }
    this.#backlog = Buffer.alloc(0)
    const link = await this.#chassis.openConsole((data) => this.#handleOutput(data))
    if (this.#owner === session) this.#link = link
    else link.close()
  }

  /** Ends it, and tells the client so unless its session is gone. */
  deactivate(isSessionGone = false): void {
    const owner = this.#owner
    this.#owner = undefined
    this.#link?.close()
    this.#link = undefined
    this.#underWay = undefined
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#accumulateTimer)
    this.#accumulateTimer = undefined
    if (owner && !isSessionGone) this.#send(owner, Buffer.from([0, 0, 0, deactivated]))
  }

  #handleOutput(data: Uint8Array): void {
    if (!this.#owner) return
    this.#backlog = Buffer.concat([this.#backlog, data]).subarray(-backlogSize)
    if (this.#backlog.length >= packetSize) this.#sendNext()
    else this.#accumulateTimer ??= setTimeout(() => this.#sendNext(), accumulateMs)
  }

  #sendNext(): void {
    clearTimeout(this.#accumulateTimer)
    this.#accumulateTimer = undefined
    if (!this.#owner || this.#underWay || this.#backlog.length === 0) return
    const data = this.#backlog.subarray(0, packetSize)
    this.#backlog = this.#backlog.subarray(packetSize)
    this.#sequence = (this.#sequence % 15) + 1
    this.#underWay = { sequence: this.#sequence, data, triesLeft: retryCount }
    this.#transmit()
  }

  #transmit(): void {
    const packet = this.#underWay
    if (!packet || !this.#owner) return
    clearTimeout(this.#retryTimer)
    if (packet.triesLeft === 0) {
      this.#underWay = undefined
      this.#sendNext()
      return
    }
    packet.triesLeft -= 1
    this.#send(this.#owner, Buffer.concat([Buffer.from([packet.sequence, 0, 0, 0]), packet.data]))
    this.#retryTimer = setTimeout(() => this.#transmit(), retryMs)
  }

  handlePacket(session: Session, payload: Buffer): void {
    if (session !== this.#owner || payload.length < 4) return
    const [sequence, acknowledged, count, flags] = payload
    if (flags === undefined || count === undefined) return
    this.#handleAcknowledgement((acknowledged ?? 0) & 0x0f, count, (flags & fromConsole.nack) !== 0)
    if (flags & fromConsole.flushOutbound) this.#backlog = Buffer.alloc(0)
    const isRepeated = (sequence ?? 0) === this.#taken.sequence
    if (flags & fromConsole.sendBreak && !isRepeated) this.#link?.sendBreak()
    if (sequence) this.#handleInput(session, sequence & 0x0f, payload.subarray(4))
  }

  #handleAcknowledgement(sequence: number, count: number, isNack: boolean): void {
    const packet = this.#underWay
    if (!packet || sequence === 0 || sequence !== packet.sequence) return
    if (isNack && count === 0) return
    clearTimeout(this.#retryTimer)
    this.#underWay = undefined
    // What was not accepted goes again, under a new number.
    this.#backlog = Buffer.concat([packet.data.subarray(count), this.#backlog])
    this.#sendNext()
  }

  #handleInput(session: Session, sequence: number, data: Buffer): void {
    // The same packet again may carry more than the first time: only the excess is new (15.11).
    const known = sequence === this.#taken.sequence ? this.#taken.count : 0
    const fresh = data.subarray(known)
    this.#taken = { sequence, count: Math.max(known, data.length) }
    if (fresh.length > 0) this.#link?.write(fresh)
    this.#send(session, Buffer.from([0, sequence, Math.min(255, this.#taken.count), 0]))
  }
}

const { operator, user } = privileges

function activate(data: Buffer, context: CommandContext): Promise<Buffer> | Buffer {
  const { session, sol } = context
  if (!session || data[0] !== 1 || data[1] !== 1) throw new CommandError(completion.invalidField)
  if (session.user && !session.user.mayUseConsole) throw new CommandError(completion.insufficientPrivilege)
  if (context.registers.solSettings.get(1)?.[0] === 0) throw new CommandError(0x81)
  // 80h: somebody else has it, or this session already (24.1).
  if (sol.owner) throw new CommandError(0x80)
  const answer = Buffer.alloc(12)
  answer.writeUInt16LE(packetSize + 4, 4)
  answer.writeUInt16LE(packetSize + 4, 6)
  answer.writeUInt16LE(context.port, 8)
  answer.writeUInt16LE(0xffff, 10)
  return sol.activate(session).then(() => answer)
}

function deactivate(_: Buffer, { sol }: CommandContext): Buffer {
  // 80h: it is not active (24.2).
  if (!sol.owner) throw new CommandError(0x80)
  sol.deactivate()
  return nothing
}

export const solCommands: CommandTable = {
  1608: { privilege: operator, minLength: 6, handle: activate },
  1609: { privilege: operator, minLength: 2, handle: deactivate },
  1610: {
    privilege: user,
    minLength: 1,
    handle: (_, { sol }) => Buffer.from([0x01, sol.owner ? 1 : 0, 0]),
  },
  1611: {
    privilege: user,
    minLength: 2,
    handle: (_, { sol }) => {
      const info = Buffer.alloc(12)
      info.writeUInt32LE(sol.owner?.id ?? 0)
      info[4] = sol.owner ? 1 : 0
      return info
    },
  },
  // IPMI and SOL as payloads, and the payloads of a session's set-up.
  1614: { privilege: user, minLength: 1, handle: () => Buffer.from([0x03, 0, 0x3f, 0, 0, 0, 0, 0]) },
}
