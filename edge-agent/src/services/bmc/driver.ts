import type {
  BmcAttempt,
  BmcCapability,
  BmcDriverName,
  BootDevice,
  PowerState,
} from '@dragonfly/schema/state'
import type { BmcIdentity, BmcLogEntry, CommandDetail, Sensor, SiteBmc } from '@dragonfly/schema/wire'
import type { OpenedCredentials } from '../sealed-credentials.ts'

/** A machine as a driver gets to know it. */
export interface BmcTarget {
  machineId: string
  /** For sentences. */
  name: string
  macs: readonly string[]
  bmc: SiteBmc | null
}

/** Opens sealed credentials for exactly this machine and address. */
export type OpenCredentials = (
  target: BmcTarget,
) => Promise<
  { kind: 'opened'; credentials: OpenedCredentials } | { kind: 'refused'; reason: string; message: string }
>

export type InventoryFields = Extract<CommandDetail, { kind: 'inventory' }>['fields']

/**
 * One way to reach a machine's power, opened for one machine. A capability that is left out is one that this driver
 * never has. Each call throws `BmcError` when the BMC refuses or is silent.
 */
export interface BmcSession {
  /** Who is logged in. */
  username?: string
  power?: {
    /** `unknown` where this way can't see it. */
    read(): Promise<PowerState>
    set(wish: 'on' | 'off' | 'soft-off' | 'cycle' | 'reset'): Promise<void>
  }
  setBootDevice?(wish: { device: BootDevice; persistent: boolean; uefi: boolean | null }): Promise<void>
  identify?(seconds: number | null): Promise<void>
  readIdentity?(): Promise<BmcIdentity>
  /** For a look once a minute, temperatures are enough; all of them are as good where that saves nothing. */
  readSensors?(wish?: { only: 'temperature' }): Promise<Sensor[]>
  /** Oldest first; with `after`, those behind that entry are enough. All of them where it is not there any more. */
  readEventLog?(after?: string): Promise<BmcLogEntry[]>
  clearEventLog?(): Promise<void>
  readInventory?(): Promise<InventoryFields>
  /** Draw in watts; null where the BMC has no such sensor. */
  readPowerDraw?(): Promise<number | null>
  /** The limit on the machine's draw, in watts; null where there is none. */
  powerLimit?: {
    read(): Promise<number | null>
    set(watts: number | null): Promise<void>
  }
  /** The virtual CD drive: null where it is empty. */
  virtualMedia?: {
    read(): Promise<{ image: string | null }>
    /** Puts in a disc that the BMC fetches from a URL, in the place of the one before it. */
    insert(url: string): Promise<void>
    eject(): Promise<void>
  }
  /** An account that may do everything, or a new password for the one of that name. */
  setAccount?(account: { username: string; password: string }): Promise<void>
  /**
   * Tells whenever the BMC has something new to tell, until `close`; it outlives this session. Rejects with
   * `not-supported` where the BMC has no stream of events.
   */
  followEvents?(handlers: { event(): void; ended(): void }): Promise<{ close(): void }>
  /** The machine's serial console; it outlives this session. `console-in-use` when somebody else has it. */
  openConsole?(handlers: ConsoleHandlers, options: { takesOver: boolean }): Promise<BmcConsole>
  close(): Promise<void>
}

export interface ConsoleHandlers {
  /** What the machine wrote. */
  data(bytes: Uint8Array): void
  /** It is closed: taken over or switched off by the BMC, or the BMC answers no more. */
  ended(reason: 'deactivated' | 'silent'): void
}

export interface BmcConsole {
  write(bytes: Uint8Array): void
  sendBreak(): void
  close(): Promise<void>
}

export interface BmcDriver {
  name: BmcDriverName
  /** Whether it is worth trying: by the protocol that was chosen, and by what is known of the machine. */
  fits(target: BmcTarget): boolean
  open(target: BmcTarget): Promise<BmcSession>
  /** The machines with which it holds a connection, and what ends one. A driver without connections has neither. */
  held?(): readonly BmcTarget[]
  release?(target: BmcTarget): Promise<void>
}

/** A refusal or a silence of a BMC. `reason` is stable; the message says what to do, and holds no secret. */
export class BmcError extends Error {
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.name = 'BmcError'
    this.reason = reason
  }
}

/** No driver could do it: what each of them ran into. */
export class BmcAttemptError extends Error {
  readonly attempts: readonly BmcAttempt[]

  constructor(capability: BmcCapability, attempts: readonly BmcAttempt[]) {
    super(attempts.at(0)?.message ?? `Nothing that reaches this machine can do that (${capability}).`)
    this.name = 'BmcAttemptError'
    this.attempts = attempts
  }
}
