import type { BootDevice, Chassis, ChassisAction, ChassisEvent } from './chassis.ts'
import { EventLog } from './event-log.ts'
import { type BmcFaults, noFaults } from './faults.ts'
import type { Personality } from './personality.ts'
import { readSensor, type SensorDefinition, sensors, steppedReading } from './sensors.ts'
import type { BmcUser } from './users.ts'

export interface BootOverride {
  device: BootDevice
  isPersistent: boolean
  isUefi: boolean
  /** The device bits of IPMI's boot flags, when they came that way: what a device that we have no word for is known by. */
  ipmiDevice?: number
  httpBootUri?: string
}

/** The BMC's own network, as LAN configuration and Redfish show it. */
export interface BmcNetwork {
  address: string
  netmask: string
  gateway: string
  mac: string
  source: 'static' | 'dhcp'
}

export interface PowerLimit {
  watts: number
  isActive: boolean
  correctionMs: number
  samplingSeconds: number
  exceptionAction: number
}

interface BmcParts {
  chassis: Chassis
  personality: Personality
  users: BmcUser[]
  network: BmcNetwork
  /** Two-key logins want this besides the password. */
  kg?: Uint8Array | undefined
  faults?: Partial<BmcFaults>
  now?: () => number
}

/** How long boot flags stay valid when nothing starts the machine (IPMI 2.0, 28.13). */
const bootFlagLifeMs = 60_000
const acpiState = { sensorType: 0x22, sensorNumber: 0x20, eventType: 0x6f }

/** One BMC: what both of its protocols look at and change. */
export class Bmc {
  readonly chassis: Chassis
  readonly personality: Personality
  readonly users: BmcUser[]
  readonly network: BmcNetwork
  readonly kg: Uint8Array | undefined
  readonly eventLog: EventLog
  readonly now: () => number
  faults: BmcFaults
  powerLimit: PowerLimit = {
    watts: 500,
    isActive: false,
    correctionMs: 1000,
    samplingSeconds: 1,
    exceptionAction: 0,
  }
  assetTag = ''
  restorePolicy: 'off' | 'previous' | 'on' = 'previous'
  /** When the identify LED goes off by itself; Infinity while it is on for good. */
  identifyUntilMs = 0
  mediaUrl: string | undefined
  /** Of the last change of power. */
  changedAtMs: number
  #bootOverride: BootOverride | undefined
  #bootTimer: NodeJS.Timeout | undefined
  #actions: Promise<void> = Promise.resolve()
  readonly #listeners = new Set<(event: ChassisEvent) => void>()
  readonly #seed: number

  constructor(parts: BmcParts) {
    this.chassis = parts.chassis
    this.personality = parts.personality
    this.users = parts.users
    this.network = parts.network
    this.kg = parts.kg
    this.faults = { ...noFaults, ...parts.faults }
    this.now = parts.now ?? Date.now
    this.eventLog = new EventLog(this.now)
    this.changedAtMs = this.now()
    this.#seed = Number.parseInt(parts.chassis.identity.uuid.slice(0, 6), 16)
    this.chassis.onEvent((event) => this.#handleChassisEvent(event))
  }

  #handleChassisEvent(event: ChassisEvent): void {
    if (event !== 'reset') this.changedAtMs = this.now()
    if (event !== 'power-off') this.#consumeBootOverride()
    const [state, message] = {
      'power-on': [0, 'The machine was powered on.'] as const,
      'power-off': [5, 'The machine was powered off.'] as const,
      reset: [undefined, 'The machine was reset.'] as const,
    }[event]
    const cause =
      state === undefined
        ? { sensorType: 0x1d, sensorNumber: 0x21, eventType: 0x6f, data: [2, 0xff, 0xff] as const }
        : { ...acpiState, data: [state, 0xff, 0xff] as const }
    this.eventLog.add({ ...cause, data: [...cause.data], isDeassertion: false, message, severity: 'OK' })
    for (const listener of this.#listeners) listener(event)
  }

  /** Calls back when the machine goes on, off, or is reset; returns what ends that. */
  onChassisEvent(listener: (event: ChassisEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #consumeBootOverride(): void {
    const acted = this.#bootOverride
    clearTimeout(this.#bootTimer)
    if (!acted || (acted.isPersistent && !this.personality.ipmi.ignoresPersistent)) return
    void this.setBootOverride(undefined)
  }

  get bootOverride(): BootOverride | undefined {
    return this.#bootOverride
  }

  /** @param expires Forget it after a minute unless the machine starts before. */
  async setBootOverride(override: BootOverride | undefined, expires = false): Promise<void> {
    clearTimeout(this.#bootTimer)
    this.#bootOverride = override
    if (override && expires) {
      this.#bootTimer = setTimeout(() => void this.setBootOverride(undefined), bootFlagLifeMs)
      this.#bootTimer.unref()
    }
    const isOurs = override && override.device !== 'none' && override.device !== 'other'
    await this.chassis.armBoot(isOurs ? { device: override.device, isUefi: override.isUefi } : undefined)
  }

  /** Begins an action, after those that are still going on. As with real BMCs the answer does not wait for its end. */
  control(action: ChassisAction): void {
    this.#actions = this.#actions
      .then(() => this.chassis.control(action))
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error)
        process.stderr.write(`bmc ${this.chassis.identity.name}: ${action} failed: ${reason}\n`)
      })
  }

  /** When every action that was begun so far has been carried out. */
  settled(): Promise<void> {
    return this.#actions
  }

  get isIdentifying(): boolean {
    return this.now() < this.identifyUntilMs
  }

  /** What a sensor reads, in its steps; undefined when it reads nothing while the machine is off. */
  async read(sensor: SensorDefinition): Promise<number | undefined> {
    const isOn = await this.chassis.isOn()
    const { changedAtMs } = this
    const value = readSensor(sensor, { isOn, nowMs: this.now(), changedAtMs, seed: this.#seed })
    if (value === undefined) return undefined
    const isCapped = sensor.kind === 'power' && isOn && this.powerLimit.isActive
    return steppedReading(sensor, isCapped ? Math.min(value, this.powerLimit.watts) : value)
  }

  async readWatts(): Promise<number> {
    const sensor = sensors.find((candidate) => candidate.kind === 'power')
    return Math.round((sensor && (await this.read(sensor))) ?? 0)
  }

  async close(): Promise<void> {
    clearTimeout(this.#bootTimer)
    await this.#actions
    await this.chassis.close()
  }
}
