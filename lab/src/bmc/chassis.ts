/** What a BMC can make its machine start from. `http` is UEFI's HTTP boot; `setup` is the firmware's own menu. */
export type BootDevice = 'none' | 'pxe' | 'http' | 'disk' | 'cdrom' | 'setup' | 'diagnostics' | 'other'

export interface BootChoice {
  device: BootDevice
  isUefi: boolean
}

export type ChassisAction = 'on' | 'off' | 'soft-off' | 'reset' | 'cycle' | 'diagnostic'

/** Off to on, on to off, or a reset while on, whoever caused it: the BMC, the operating system, a person. */
export type ChassisEvent = 'power-on' | 'power-off' | 'reset'

export interface ConsoleLink {
  write(data: Uint8Array): void
  sendBreak(): void
  close(): void
}

/** What the label on a machine says. */
export interface ChassisIdentity {
  name: string
  /** As SMBIOS prints it, in small letters. */
  uuid: string
  serialNumber: string
  /** Of the machine's own NICs, not of the BMC. */
  macs: readonly string[]
  firmware: 'bios' | 'uefi'
  memoryMib: number
  cpus: number
}

/** The machine that a BMC is in: a QEMU process, or a few variables that behave like one. */
export interface Chassis {
  readonly identity: ChassisIdentity
  isOn(): Promise<boolean>
  /** Carries out an action; resolves when it has been, which for `soft-off` is when the button was pressed. */
  control(action: ChassisAction): Promise<void>
  /** What the next power-on or reset starts from; undefined takes the machine's own order. */
  armBoot(choice: BootChoice | undefined): Promise<void>
  /** Called on every event from now on. */
  onEvent(listener: (event: ChassisEvent) => void): void
  /** The serial console, as far as there is one while the machine is off. */
  openConsole(onData: (data: Uint8Array) => void): Promise<ConsoleLink>
  /** Puts a disc (an ISO file on this host) into the virtual drive; undefined takes it out. */
  setMedia(path: string | undefined): Promise<void>
  close(): Promise<void>
}
