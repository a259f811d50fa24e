import { createHash } from 'node:crypto'
import type {
  BootChoice,
  Chassis,
  ChassisAction,
  ChassisEvent,
  ChassisIdentity,
  ConsoleLink,
} from './chassis.ts'

export interface LightChassisOptions {
  identity: ChassisIdentity
  isOn?: boolean
  /** How long the operating system takes to shut down after a short press; never when it is negative. */
  softOffMs?: number
}

/**
 * A machine that is a few variables: on or off, what it would start from, a console that says what it does and
 * echoes what is typed. Thousands fit into one process.
 */
export class LightChassis implements Chassis {
  readonly identity: ChassisIdentity
  #isOn: boolean
  #boot: BootChoice | undefined
  #media: string | undefined
  #softOffTimer: NodeJS.Timeout | undefined
  readonly #softOffMs: number
  readonly #listeners: ((event: ChassisEvent) => void)[] = []
  readonly #consoles = new Set<(data: Uint8Array) => void>()
  /** What each start began from, oldest first: for tests. */
  readonly starts: (BootChoice | undefined)[] = []

  constructor(options: LightChassisOptions) {
    this.identity = options.identity
    this.#isOn = options.isOn ?? false
    this.#softOffMs = options.softOffMs ?? 1500
  }

  get media(): string | undefined {
    return this.#media
  }

  isOn(): Promise<boolean> {
    return Promise.resolve(this.#isOn)
  }

  control(action: ChassisAction): Promise<void> {
    if (action === 'on' && !this.#isOn) this.#start('power-on')
    else if (action === 'off') this.#stop()
    else if (action === 'cycle' && this.#isOn) {
      this.#stop()
      this.#start('power-on')
    } else if (action === 'reset' && this.#isOn) this.#start('reset')
    else if (action === 'soft-off' && this.#isOn && this.#softOffMs >= 0) {
      clearTimeout(this.#softOffTimer)
      this.#say('Power button pressed, shutting down.')
      this.#softOffTimer = setTimeout(() => this.#stop(), this.#softOffMs)
      this.#softOffTimer.unref()
    } else if (action === 'diagnostic' && this.#isOn) this.#say('NMI received.')
    return Promise.resolve()
  }

  #start(event: 'power-on' | 'reset'): void {
    clearTimeout(this.#softOffTimer)
    this.#isOn = true
    this.starts.push(this.#boot)
    const from = this.#boot?.device ?? 'the usual boot order'
    this.#emit(event)
    this.#say(`${this.identity.name}: firmware starts from ${from}`)
  }

  #stop(): void {
    clearTimeout(this.#softOffTimer)
    if (!this.#isOn) return
    this.#isOn = false
    this.#emit('power-off')
  }

  #emit(event: ChassisEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  #say(line: string): void {
    for (const onData of this.#consoles) onData(Buffer.from(`${line}\r\n`))
  }

  armBoot(choice: BootChoice | undefined): Promise<void> {
    this.#boot = choice
    return Promise.resolve()
  }

  onEvent(listener: (event: ChassisEvent) => void): void {
    this.#listeners.push(listener)
  }

  openConsole(onData: (data: Uint8Array) => void): Promise<ConsoleLink> {
    this.#consoles.add(onData)
    return Promise.resolve({
      write: (data: Uint8Array) => {
        if (this.#isOn) onData(data)
      },
      sendBreak: () => this.#say('<break>'),
      close: () => void this.#consoles.delete(onData),
    })
  }

  setMedia(path: string | undefined): Promise<void> {
    this.#media = path
    return Promise.resolve()
  }

  close(): Promise<void> {
    clearTimeout(this.#softOffTimer)
    return Promise.resolve()
  }
}

/** The machine of this number: always the same, and like no other. */
export function lightChassis(
  number: number,
  options: Omit<LightChassisOptions, 'identity'> = {},
): LightChassis {
  const digits = createHash('sha256').update(`light machine ${number}`).digest('hex')
  const uuid = [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `4${digits.slice(13, 16)}`,
    `8${digits.slice(17, 20)}`,
  ]
  const mac = (nic: number) =>
    ['52', '54', `${nic + 1}0`, ...(digits.slice(40, 46).match(/../g) ?? [])].join(':')
  const identity: ChassisIdentity = {
    name: `light-${number}`,
    uuid: [...uuid, digits.slice(20, 32)].join('-'),
    serialNumber: `LT${digits.slice(32, 39).toUpperCase()}`,
    macs: [mac(0), mac(1)],
    firmware: 'uefi',
    memoryMib: 65_536,
    cpus: 2,
  }
  return new LightChassis({ identity, ...options })
}
