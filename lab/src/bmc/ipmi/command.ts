import type { Bmc } from '../bmc.ts'
import type { Session } from './handshake.ts'
import type { SessionTable } from './session-table.ts'
import type { SolPort } from './sol.ts'

/** Completion codes (IPMI 2.0, table 5-2). */
export const completion = {
  ok: 0x00,
  unsupportedParameter: 0x80,
  readOnly: 0x82,
  busy: 0xc0,
  invalidCommand: 0xc1,
  reservationCancelled: 0xc5,
  wrongLength: 0xc7,
  outOfRange: 0xc9,
  cannotReturn: 0xca,
  notPresent: 0xcb,
  invalidField: 0xcc,
  insufficientPrivilege: 0xd4,
  notInThisState: 0xd5,
} as const

/** Thrown by a handler: the command is answered with this code (and, for a few codes, with data). */
export class CommandError extends Error {
  readonly code: number
  readonly data: Buffer

  constructor(code: number, data: Buffer = Buffer.alloc(0)) {
    super(`completion code ${code.toString(16)}`)
    this.code = code
    this.data = data
  }
}

export interface CommandContext {
  bmc: Bmc
  guid: Buffer
  sessions: SessionTable
  /** Undefined for a command outside of any session. */
  session: Session | undefined
  sol: SolPort
  /** The UDP port that we are asked on. */
  port: number
  /** State that only IPMI has: reservations, set-in-progress, masks. */
  registers: Registers
}

export interface Registers {
  sdrReservation: number
  selReservation: number
  bootSetInProgress: number
  bootFlagMask: number
  bootAcknowledge: Buffer
  bootFlagRest: Buffer
  lanSetInProgress: number
  solSettings: Map<number, Buffer>
}

export function createRegisters(): Registers {
  return {
    sdrReservation: 0,
    selReservation: 0,
    bootSetInProgress: 0,
    bootFlagMask: 0,
    bootAcknowledge: Buffer.alloc(1),
    bootFlagRest: Buffer.alloc(3),
    lanSetInProgress: 0,
    solSettings: new Map(),
  }
}

interface Command {
  /** What a session needs to use it; 0 is for everybody, without a session too. */
  privilege: number
  /** Fewer bytes of data are answered with "wrong length". */
  minLength?: number
  /** Data of the answer after the completion code. @throws CommandError */
  handle: (data: Buffer, context: CommandContext) => Buffer | Promise<Buffer>
}

/** Commands by network function * 256 + command. */
export type CommandTable = Record<number, Command>

export const nothing = Buffer.alloc(0)

/** Slices a record or an area, as the commands do that read in pieces: up to the end, never past it. */
export function slice(bytes: Buffer, offset: number, length: number): Buffer {
  if (offset > bytes.length) throw new CommandError(completion.outOfRange)
  return bytes.subarray(offset, offset + length)
}

/** Text as a fixed number of bytes with zeros behind it. */
export function fixedText(text: string, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  bytes.write(text, 'latin1')
  return bytes
}

export function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return bytes.subarray(0, end < 0 ? undefined : end).toString('latin1')
}
