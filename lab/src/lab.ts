import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { startBmc } from './bmc-process.ts'
import { type CommandOptions, type CommandResult, tryCommand } from './command.ts'
import { startDhcpServer } from './dhcp-server.ts'
import { ensureHostPackages, hostPackages, requireRoot } from './host-packages.ts'
import { loadMachine, Machine } from './machine.ts'
import {
  commandOn,
  createNetwork,
  type LabHost,
  lan,
  networkExists,
  removeNetwork,
  type Uplink,
} from './network.ts'
import type {
  BmcSpec,
  Cable,
  DiskBus,
  DiskCache,
  Firmware,
  FirstBoot,
  MachineSpec,
  NetworkBoot,
  NicModel,
} from './qemu.ts'
import { endRecordedProcesses, type LabState, labState, readJson, recordProcess, writeJson } from './state.ts'

export interface MachineRequest {
  firmware: Firmware
  /** 'network' by default. */
  firstBoot?: FirstBoot
  /** 'pxe' by default. */
  networkBoot?: NetworkBoot
  /** For UEFI. */
  secureBoot?: boolean
  /** One entry per disk. */
  disks?: DiskBus[]
  diskSizeBytes?: number
  diskCache?: DiskCache
  /** One entry per NIC; the first one boots. */
  nics?: NicModel[]
  /** For each NIC that is not on the lab's bridge. */
  cables?: readonly (Cable | undefined)[]
  memoryMib?: number
  cpus?: number
  /** Gives it a BMC, on the LAN, which is on at once. */
  bmc?: BmcRequest
  /** A raw image that the first disk starts with; it is not written to. */
  baseImage?: string
}

type BmcRequest = Partial<Omit<BmcSpec, 'address'>>

const defaultDiskSizeBytes = 8 * 2 ** 30

/** A rack that is up: its network, its customer's DHCP server, and its machines. */
export class Lab {
  readonly state: LabState
  readonly uplink: Uplink

  constructor(state: LabState, uplink: Uplink) {
    this.state = state
    this.uplink = uplink
  }

  /**
   * Adds a machine that is off. MACs, UUID and serial numbers are its own within the lab.
   * @throws Error when the name is taken or cannot be a host name.
   */
  async addMachine(name: string, request: MachineRequest): Promise<Machine> {
    if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) {
      throw new Error(`"${name}" cannot name a machine: use up to 32 small letters, digits and hyphens.`)
    }
    if (await loadMachine(this.state, name)) throw new Error(`This lab has a machine "${name}" already.`)
    const specs = (await this.machines()).map((machine) => machine.spec)
    const used = new Set(specs.flatMap((spec) => spec.nics.map((nic) => nic.tap)))
    const spec = createMachineSpec(this.state, name, request, used)
    if (request.bmc) spec.bmc = createBmcSpec(request.bmc, specs)
    const machine = new Machine(this.state, spec)
    await machine.create(request.baseImage)
    if (spec.bmc) await startBmc(this.state, spec)
    return machine
  }

  async machines(): Promise<Machine[]> {
    const names = await readdir(join(this.state.dir, 'machines')).catch(() => [])
    const loaded = await Promise.all(names.map((name) => loadMachine(this.state, name)))
    return loaded.filter((machine) => machine !== undefined)
  }

  /** @throws Error that names the machines there are. */
  async machine(name: string): Promise<Machine> {
    const found = await loadMachine(this.state, name)
    if (found) return found
    const names = (await this.machines()).map((machine) => machine.name).join(', ') || 'none'
    throw new Error(`This lab has no machine "${name}" (it has: ${names}).`)
  }

  /** Runs a command on one of the lab's hosts, to its end. */
  exec(host: LabHost, argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return tryCommand(commandOn(this.state, host, argv), options)
  }

  /** Starts a command on one of the lab's hosts; `down` ends it if nothing else did. */
  async spawn(host: LabHost, argv: readonly string[], options: SpawnOptions = {}): Promise<ChildProcess> {
    const [file = '', ...args] = commandOn(this.state, host, argv)
    const child = spawn(file, args, options)
    if (child.pid !== undefined) await recordProcess(this.state, child.pid, argv.join(' '))
    return child
  }

  /** Takes everything down that this lab made, in this process or in an earlier one. */
  async down(): Promise<void> {
    await takeDown(this.state)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.down()
  }
}

/** A BMC at the first address of its own range that no other one has; admin / secret unless asked otherwise. */
function createBmcSpec(request: BmcRequest, others: readonly MachineSpec[]): BmcSpec {
  const used = new Set(others.map((spec) => spec.bmc?.address))
  const numbers = Array.from({ length: lan.bmcCount }, (_, index) => lan.bmcFirst + index)
  const address = numbers.map((number) => `10.77.0.${number}`).find((candidate) => !used.has(candidate))
  if (!address) throw new Error(`A lab has room for ${lan.bmcCount} BMCs: remove a machine first.`)
  return { personality: 'dell', users: [{ name: 'admin', password: 'secret' }], ...request, address }
}

function createMachineSpec(
  state: LabState,
  name: string,
  request: MachineRequest,
  usedTaps: ReadonlySet<string>,
): MachineSpec {
  const labByte = createHash('sha256').update(state.name).digest('hex').slice(0, 2)
  const numbers = Array.from({ length: 256 }, (_, number) => number).filter(
    (number) => !usedTaps.has(`tap${number}`),
  )
  const nics = (request.nics ?? ['virtio']).map((model, index) => {
    const number = numbers[index]
    if (number === undefined) throw new Error('A lab has room for 256 NICs: remove a machine first.')
    const byte = number.toString(16).padStart(2, '0')
    const cable = request.cables?.[index]
    return { model, mac: `52:54:00:77:${labByte}:${byte}`, tap: `tap${number}`, ...(cable ? { cable } : {}) }
  })
  const uuid = randomUUID()
  const serialNumber = `DF${uuid.slice(0, 8).toUpperCase()}`
  const disks = (request.disks ?? ['virtio']).map((bus, index) => ({
    bus,
    sizeBytes: request.diskSizeBytes ?? defaultDiskSizeBytes,
    serial: `${serialNumber}D${index}`,
  }))
  return {
    name,
    firmware: request.firmware,
    firstBoot: request.firstBoot ?? 'network',
    ...(request.networkBoot ? { networkBoot: request.networkBoot } : {}),
    ...(request.secureBoot ? { secureBoot: true } : {}),
    memoryMib: request.memoryMib ?? 1024,
    cpus: request.cpus ?? 2,
    uuid,
    serialNumber,
    disks,
    ...(request.diskCache ? { diskCache: request.diskCache } : {}),
    nics,
  }
}

async function takeDown(state: LabState): Promise<void> {
  await endRecordedProcesses(state)
  await removeNetwork(state)
  await rm(state.dir, { recursive: true, force: true })
  await rm(state.runDir, { recursive: true, force: true })
}

/** The lab of this name when it is up, whichever process made it. */
export async function findLab(name: string): Promise<Lab | undefined> {
  const state = labState(name)
  const uplink = await readJson<Uplink>(join(state.dir, 'lab.json'))
  return uplink && (await networkExists(state)) ? new Lab(state, uplink) : undefined
}

/**
 * Makes a fresh lab: network and (unless told otherwise) DHCP server, no machines. What an earlier run of the same name left is
 * taken down first.
 */
export async function createLab(options: { name: string; dhcpServer?: boolean }): Promise<Lab> {
  requireRoot()
  await ensureHostPackages([...hostPackages.network, ...hostPackages.machines])
  const state = labState(options.name)
  await takeDown(state)
  await mkdir(state.dir, { recursive: true })
  await mkdir(state.runDir, { recursive: true })
  const uplink = await createNetwork(state)
  await writeJson(join(state.dir, 'lab.json'), uplink)
  if (options.dhcpServer ?? true) await startDhcpServer(state)
  return new Lab(state, uplink)
}

/** Takes a lab down by name; does nothing when there is none. */
export async function removeLab(name: string): Promise<void> {
  requireRoot()
  await takeDown(labState(name))
}
