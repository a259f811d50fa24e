import { constants } from 'node:fs'
import { copyFile, mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chooseAccelerator } from './accelerator.ts'
import { endBmc } from './bmc-process.ts'
import { runCommand } from './command.ts'
import { addTap, commandOn, removeTap, setTapLink } from './network.ts'
import {
  type MachineFiles,
  type MachineSpec,
  renderQemuArguments,
  type StartDevice,
  uefiFiles,
} from './qemu.ts'
import { sendMonitorCommand } from './qmp.ts'
import { isRecordedProcess, type LabState, readJson, recordProcess, writeJson } from './state.ts'

export type PowerAction = 'on' | 'off' | 'soft' | 'reset' | 'cycle'

/** What a screen would not show: colours, cursor movements, carriage returns. */
function plainText(serialOutput: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the control characters to take out
  return serialOutput.replace(/\u001b(?:\[[0-9;?=]*[A-Za-z]|[()][A-Z0-9]|c)/g, '').replace(/[\r\0]/g, '')
}

const sleep = (delayMs: number) => new Promise((resolve) => setTimeout(resolve, delayMs))

/** One machine of the rack: its definition in the lab's state, and the QEMU process while it is on. */
export class Machine {
  readonly spec: MachineSpec
  readonly dir: string
  readonly files: MachineFiles
  readonly #state: LabState
  #logStart = 0

  constructor(state: LabState, spec: MachineSpec) {
    this.#state = state
    this.spec = spec
    this.dir = join(state.dir, 'machines', spec.name)
    this.files = {
      disks: spec.disks.map((_, index) => join(this.dir, `disk${index}.qcow2`)),
      serialLog: join(this.dir, 'serial.log'),
      serialSocket: join(state.runDir, `${spec.name}.serial`),
      monitorSocket: join(state.runDir, `${spec.name}.monitor`),
      bmcSocket: join(state.runDir, `${spec.name}.bmc`),
      systemSocket: join(state.runDir, `${spec.name}.ipmi`),
      pid: join(this.dir, 'qemu.pid'),
      uefiVariables: join(this.dir, 'uefi-variables.fd'),
    }
  }

  get name(): string {
    return this.spec.name
  }

  /** The MAC of the first NIC, which is the one that boots. */
  get mac(): string {
    return this.spec.nics[0]?.mac ?? ''
  }

  /**
   * Makes the machine's files: empty disks (or the first one as a copy-on-write layer over a raw image), and
   * the definition itself.
   */
  async create(baseImage?: string): Promise<void> {
    await mkdir(this.dir, { recursive: true })
    await mkdir(this.#state.runDir, { recursive: true })
    for (const [index, disk] of this.spec.disks.entries()) {
      const base = index === 0 && baseImage ? ['-F', 'raw', '-b', baseImage] : []
      const file = this.files.disks[index] ?? ''
      await runCommand(['qemu-img', 'create', '-q', '-f', 'qcow2', ...base, file, String(disk.sizeBytes)])
    }
    if (this.spec.firmware === 'uefi') {
      await copyFile(uefiFiles(this.spec).variables, this.files.uefiVariables, constants.COPYFILE_FICLONE)
    }
    await writeFile(this.files.serialLog, '')
    for (const nic of this.spec.nics) await addTap(this.#state, nic.tap)
    await writeJson(join(this.dir, 'machine.json'), this.spec)
  }

  async remove(): Promise<void> {
    await endBmc(this.#state, this.spec)
    await this.powerOff()
    for (const nic of this.spec.nics) await removeTap(this.#state, nic.tap)
    await rm(this.dir, { recursive: true, force: true })
  }

  async #pid(): Promise<number | undefined> {
    const text = await readFile(this.files.pid, 'utf8').catch(() => '')
    const pid = Number.parseInt(text, 10)
    return Number.isInteger(pid) && (await isRecordedProcess(this.#state, pid)) ? pid : undefined
  }

  async isOn(): Promise<boolean> {
    return (await this.#pid()) !== undefined
  }

  /**
   * Presses the power button of a machine that is off. On a machine that is on it does nothing.
   * @param start What this start tries first instead of the usual, and the disc in the virtual CD drive of its BMC.
   */
  async powerOn(start: { first?: StartDevice | undefined; medium?: string | undefined } = {}): Promise<void> {
    if (await this.isOn()) return
    this.#logStart = await this.serialLength()
    const qemu = [
      'qemu-system-x86_64',
      ...renderQemuArguments(this.spec, this.files, await chooseAccelerator(), start),
    ]
    await runCommand(commandOn(this.#state, 'lan', qemu))
    const pid = Number.parseInt(await readFile(this.files.pid, 'utf8'), 10)
    await recordProcess(this.#state, pid, `qemu ${this.name}`)
  }

  /** Takes the power away, at once. */
  async powerOff(): Promise<void> {
    const pid = await this.#pid()
    if (pid === undefined) return
    process.kill(pid, 'SIGKILL')
    while (await this.isOn()) await sleep(20)
    await rm(this.files.pid, { force: true })
  }

  async reset(): Promise<void> {
    this.#logStart = await this.serialLength()
    await sendMonitorCommand(this.files.monitorSocket, 'system_reset')
  }

  /** Asks the operating system to shut down, as a short press on the power button does. */
  async powerDown(): Promise<void> {
    await sendMonitorCommand(this.files.monitorSocket, 'system_powerdown')
  }

  async power(action: PowerAction): Promise<void> {
    if (action === 'on') await this.powerOn()
    else if (action === 'off') await this.powerOff()
    else if (action === 'soft') await this.powerDown()
    else if (action === 'reset') await this.reset()
    else {
      await this.powerOff()
      await this.powerOn()
    }
  }

  /** Plugs or pulls the network cable of one NIC. */
  async setCable(isPlugged: boolean, nicIndex = 0): Promise<void> {
    const nic = this.spec.nics[nicIndex]
    if (nic) await setTapLink(this.#state, nic.tap, isPlugged)
  }

  /** Length in bytes of everything that the serial port has said so far: a place to wait from. */
  async serialLength(): Promise<number> {
    return (await stat(this.files.serialLog).catch(() => ({ size: 0 }))).size
  }

  /** What the serial port has said from a place on (by default: since the last power on or reset), without control characters. */
  async serialText(from = this.#logStart): Promise<string> {
    const file = await open(this.files.serialLog, 'r')
    try {
      const { size } = await file.stat()
      if (size <= from) return ''
      const { buffer } = await file.read(Buffer.alloc(size - from), 0, size - from, from)
      return plainText(buffer.toString('latin1'))
    } finally {
      await file.close()
    }
  }

  /**
   * Waits until the serial port has said something since the last power on or reset.
   * @throws Error with the last lines of the serial port, when it has not in time or when the machine went off.
   */
  async waitForSerial(pattern: RegExp, timeoutMs: number, from?: number): Promise<RegExpMatchArray> {
    const deadlineMs = Date.now() + timeoutMs
    for (;;) {
      const isOn = await this.isOn()
      const text = await this.serialText(from)
      const match = text.match(pattern)
      if (match) return match
      const trouble = isOn
        ? `did not print ${pattern} within ${timeoutMs} ms`
        : `went off before it printed ${pattern}`
      if (!isOn || Date.now() > deadlineMs) {
        throw new Error(`${this.name} ${trouble}; it said last:\n${text.split('\n').slice(-25).join('\n')}`)
      }
      await sleep(100)
    }
  }
}

/** A machine as `create` stored it. */
export async function loadMachine(state: LabState, name: string): Promise<Machine | undefined> {
  const spec = await readJson<MachineSpec>(join(state.dir, 'machines', name, 'machine.json'))
  return spec && new Machine(state, spec)
}
