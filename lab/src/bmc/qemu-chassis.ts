import { createConnection, type Socket } from 'node:net'
import type { Machine } from '../machine.ts'
import { bootIndexes, type StartDevice } from '../qemu.ts'
import { type MonitorConnection, openMonitor } from '../qmp.ts'
import type {
  BootChoice,
  BootDevice,
  Chassis,
  ChassisAction,
  ChassisEvent,
  ChassisIdentity,
  ConsoleLink,
} from './chassis.ts'

/** How often a machine is looked at that somebody else may have switched. */
const watchMs = 500

/** SeaBIOS resets the machine once more or twice by itself: what comes within this time is one reset. */
const resetSettleMs = 1000

/** The devices that a QEMU machine can start from; it has no setup program that could be asked for. */
const startDevices: Partial<Record<BootDevice, StartDevice>> = {
  pxe: 'network',
  http: 'http',
  disk: 'disk',
  cdrom: 'cdrom',
}

/**
 * A QEMU machine of the rack. The boot order that is armed is QEMU's at once, so that the next reset acts on it
 * whoever causes it; QEMU's events tell when one did.
 */
export class QemuChassis implements Chassis {
  readonly identity: ChassisIdentity
  readonly #machine: Machine
  readonly #listeners: ((event: ChassisEvent) => void)[] = []
  #monitor: MonitorConnection | undefined
  #isOn = false
  #boot: BootChoice | undefined
  #medium: string | undefined
  #onOutput: ((data: Uint8Array) => void) | undefined
  #console: Socket | undefined
  #refreshing: Promise<void> | undefined
  #resetTimer: NodeJS.Timeout | undefined
  readonly #watch: NodeJS.Timeout

  constructor(machine: Machine) {
    this.#machine = machine
    const { spec } = machine
    this.identity = {
      name: spec.name,
      uuid: spec.uuid.toLowerCase(),
      serialNumber: spec.serialNumber,
      macs: spec.nics.map((nic) => nic.mac),
      firmware: spec.firmware,
      memoryMib: spec.memoryMib,
      cpus: spec.cpus,
    }
    this.#watch = setInterval(() => void this.#refresh(), watchMs)
  }

  async isOn(): Promise<boolean> {
    await this.#refresh()
    return this.#isOn
  }

  /** Takes note of what the machine is, one look at a time. */
  #refresh(): Promise<void> {
    this.#refreshing ??= this.#look()
      .catch(() => undefined)
      .finally(() => {
        this.#refreshing = undefined
      })
    return this.#refreshing
  }

  async #look(): Promise<void> {
    const isOn = await this.#machine.isOn()
    if (isOn && !this.#monitor) await this.#attach()
    if (isOn === this.#isOn) return
    this.#isOn = isOn
    this.#emit(isOn ? 'power-on' : 'power-off')
  }

  async #attach(): Promise<void> {
    const forget = () => {
      clearTimeout(this.#resetTimer)
      this.#monitor = undefined
      this.#console?.destroy()
      this.#console = undefined
    }
    const onEvent = (event: string) => {
      if (event !== 'RESET') return
      clearTimeout(this.#resetTimer)
      this.#resetTimer = setTimeout(() => this.#emit('reset'), resetSettleMs)
    }
    this.#monitor = await openMonitor(this.#machine.files.bmcSocket, onEvent, forget)
    this.#attachConsole()
  }

  #emit(event: ChassisEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  get #firstDevice(): StartDevice | undefined {
    return this.#boot && startDevices[this.#boot.device]
  }

  async control(action: ChassisAction): Promise<void> {
    const machine = this.#machine
    if (action === 'on') await this.#powerOn()
    else if (action === 'off') await machine.powerOff()
    else if (action === 'soft-off') await machine.powerDown()
    else if (action === 'diagnostic') await this.#monitor?.execute('inject-nmi')
    // Whether PXE is there at all is set when QEMU starts.
    else if (action === 'cycle' || this.#firstDevice === 'http') {
      await machine.powerOff()
      await this.#refresh()
      await this.#powerOn()
    } else await machine.reset()
    await this.#refresh()
  }

  async #powerOn(): Promise<void> {
    await this.#machine.powerOn({ first: this.#firstDevice, medium: this.#medium })
  }

  async armBoot(choice: BootChoice | undefined): Promise<void> {
    this.#boot = choice
    const monitor = this.#monitor
    if (!monitor) return
    const indexes = bootIndexes(this.#machine.spec, this.#firstDevice)
    const set = (id: string, value: number) =>
      monitor.execute('qom-set', { path: `/machine/peripheral/${id}`, property: 'bootindex', value })
    // QEMU refuses a place that another device still has.
    for (const id of indexes.keys()) await set(id, -1)
    for (const [id, index] of indexes) await set(id, index)
  }

  onEvent(listener: (event: ChassisEvent) => void): void {
    this.#listeners.push(listener)
  }

  openConsole(onData: (data: Uint8Array) => void): Promise<ConsoleLink> {
    this.#onOutput = onData
    if (this.#monitor) this.#attachConsole()
    return Promise.resolve({
      write: (data: Uint8Array) => void this.#console?.write(data),
      sendBreak: () => {
        this.#monitor?.execute('chardev-send-break', { id: 'serial0' }).catch(() => undefined)
      },
      close: () => {
        this.#onOutput = undefined
        this.#console?.destroy()
        this.#console = undefined
      },
    })
  }

  /** The serial port has room for one listener: it is held only while somebody is at the console. */
  #attachConsole(): void {
    if (!this.#onOutput || this.#console) return
    const socket = createConnection(this.#machine.files.serialSocket)
    socket.on('data', (data: Buffer) => this.#onOutput?.(data))
    socket.on('error', () => undefined)
    this.#console = socket
  }

  async setMedia(path: string | undefined): Promise<void> {
    this.#medium = path
    const monitor = this.#monitor
    if (!monitor) return
    if (path === undefined) await monitor.execute('eject', { id: 'media', force: true })
    else
      await monitor.execute('blockdev-change-medium', {
        id: 'media',
        filename: path,
        format: 'raw',
        force: true,
      })
  }

  close(): Promise<void> {
    clearInterval(this.#watch)
    this.#console?.destroy()
    this.#monitor?.close()
    return Promise.resolve()
  }
}
