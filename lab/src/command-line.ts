import { parseArgs } from 'node:util'
import type { BmcFaults } from './bmc/faults.ts'
import { faultNames } from './bmc/faults.ts'
import type { LightBmcOptions } from './bmc/light-bmcs.ts'
import { type PersonalityName, personalityNames } from './bmc/personality.ts'
import { type ImageVariant, imageVariants } from './image/build.ts'
import type { MachineRequest } from './lab.ts'
import type { PowerAction } from './machine.ts'
import type { NetbootRackOptions } from './netboot-simulator/netboot-rack.ts'
import { type LabHost, labHosts } from './network.ts'
import type { DiskBus, Firmware, NicModel } from './qemu.ts'
import type { SimulateOptions } from './simulator/simulate.ts'

export const usage = `usage: npm run lab -- <command> [--name LAB]

  up                             make the network and the customer's DHCP server
  down                           remove everything that the lab made
  serve [-- COMMAND...]          up, run COMMAND beside the edge (or wait for Ctrl-C), down
  exec edge|customer|lan -- COMMAND...
  image [--variant light|generic|cloud-init] [--out FILE]
  machine add NAME --firmware bios|uefi [--disk virtio|nvme|ahci]... [--nic virtio|e1000e]...
                   [--size 8G] [--memory MIB] [--image FILE] [--boot network|disk]
                   [--bmc dell|hpe|lenovo|supermicro|openbmc|ami]
  machine list | machine remove NAME
  power NAME on|off|soft|reset|cycle
  console NAME                   show the serial port until the machine goes off
  bmc faults NAME JSON           what is wrong with a machine's BMC from now on, such as '{"lossRate": 0.2}'; {} is nothing
  bmc light [--count 1] [--address 127.64.0.1] [--port 623] [--https PORT] [--bmc dell]
                                 BMCs of machines that are a few variables, one address each, until Ctrl-C
  deploy --firmware bios|uefi [--disk ...] [--nic ...] [--discover] [--json]
                                 one whole deployment through the public API, in a lab of its own
  simulate --url URL [--token TOKEN] [--machines 40] [--speed 1] [--mishaps 0.08] [--deploying 0] [--seed 1]
                                 a site whose edge and machines exist nowhere, on the real tunnel protocol
  netboot [--machines 40] [--head] [--loss 0] [--disks DIR] [--seed 1]
                                 machines that exist nowhere, but boot over real DHCP, TFTP and HTTP packets from the edge of
                                 a lab that is up, and write (or drop) what they are told to, until Ctrl-C`

/** The command line makes no sense: exit code 2. */
export class UsageError extends Error {}

export type LabCommand = { labName: string } & (
  | { kind: 'up' | 'down' | 'machine list' }
  | { kind: 'serve'; argv: string[] }
  | { kind: 'exec'; host: LabHost; argv: string[] }
  | { kind: 'image'; variant: ImageVariant; out: string | undefined }
  | { kind: 'machine add'; machine: string; request: MachineRequest }
  | { kind: 'machine remove' | 'console'; machine: string }
  | { kind: 'power'; machine: string; action: PowerAction }
  | { kind: 'deploy'; request: MachineRequest; discover: boolean; isJson: boolean }
  | { kind: 'simulate'; options: SimulateOptions }
  | { kind: 'netboot'; options: Partial<NetbootRackOptions> }
  | { kind: 'bmc faults'; machine: string; faults: Partial<BmcFaults> }
  | { kind: 'bmc light'; options: LightBmcOptions }
)

const powerActions = ['on', 'off', 'soft', 'reset', 'cycle'] as const
const firmwares = ['bios', 'uefi'] as const
const diskBuses = ['virtio', 'nvme', 'ahci'] as const
const nicModels = ['virtio', 'e1000e'] as const

function oneOf<T extends string>(what: string, value: string | undefined, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value)
  if (found === undefined)
    throw new UsageError(`${what} must be one of ${choices.join(', ')}, not "${value ?? ''}".`)
  return found
}

function required(what: string, value: string | undefined): string {
  if (!value) throw new UsageError(`${what} is missing.`)
  return value
}

/** Parses "8G", "512M" or plain bytes. */
export function parseSize(text: string): number {
  const match = text.match(/^(\d{1,15})([KMGT]?)$/)
  if (!match) throw new UsageError(`"${text}" is not a size: write for example 8G.`)
  return Number(match[1]) * 1024 ** ' KMGT'.indexOf(match[2] || ' ')
}

const options = {
  name: { type: 'string' },
  firmware: { type: 'string' },
  disk: { type: 'string', multiple: true },
  nic: { type: 'string', multiple: true },
  size: { type: 'string' },
  memory: { type: 'string' },
  image: { type: 'string' },
  out: { type: 'string' },
  boot: { type: 'string' },
  discover: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  url: { type: 'string' },
  token: { type: 'string' },
  machines: { type: 'string', default: '40' },
  speed: { type: 'string', default: '1' },
  mishaps: { type: 'string', default: '0.08' },
  deploying: { type: 'string', default: '0' },
  seed: { type: 'string', default: '1' },
  head: { type: 'boolean', default: false },
  loss: { type: 'string', default: '0' },
  disks: { type: 'string' },
  variant: { type: 'string', default: 'light' },
  bmc: { type: 'string' },
  count: { type: 'string', default: '1' },
  address: { type: 'string', default: '127.64.0.1' },
  port: { type: 'string', default: '623' },
  https: { type: 'string' },
} as const

function parseOptions(args: string[]) {
  try {
    return parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

type Values = ReturnType<typeof parseOptions>['values']

const personalityOf = (text: string): PersonalityName => oneOf('--bmc', text, personalityNames)

function machineRequest(values: Values): MachineRequest {
  return {
    firmware: oneOf<Firmware>('--firmware', values.firmware, firmwares),
    disks: (values.disk ?? ['virtio']).map((disk) => oneOf<DiskBus>('--disk', disk, diskBuses)),
    nics: (values.nic ?? ['virtio']).map((nic) => oneOf<NicModel>('--nic', nic, nicModels)),
    ...(values.size === undefined ? {} : { diskSizeBytes: parseSize(values.size) }),
    ...(values.memory === undefined ? {} : { memoryMib: parseSize(values.memory) }),
    ...(values.boot === undefined ? {} : { firstBoot: oneOf('--boot', values.boot, ['network', 'disk']) }),
    ...(values.bmc === undefined ? {} : { bmc: { personality: personalityOf(values.bmc) } }),
    ...(values.image === undefined ? {} : { baseImage: values.image }),
  }
}

function numberBetween(what: string, text: string, low: number, high: number): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= low && value <= high) return value
  throw new UsageError(`${what} must be a number from ${low} to ${high}, not "${text}".`)
}

function simulateOptions(values: Values): SimulateOptions {
  return {
    url: required('--url', values.url).replace(/\/+$/, ''),
    token: values.token ?? null,
    machineCount: Math.floor(numberBetween('--machines', values.machines, 0, 20_000)),
    speed: numberBetween('--speed', values.speed, 0.1, 1000),
    mishapRate: numberBetween('--mishaps', values.mishaps, 0, 1),
    deploying: Math.floor(numberBetween('--deploying', values.deploying, 0, 20_000)),
    seed: Math.floor(numberBetween('--seed', values.seed, 0, 2 ** 31)),
  }
}

/** A lab's DHCP server has 100 addresses. */
const mostNetbooting = 100

function netbootOptions(values: Values): Partial<NetbootRackOptions> {
  return {
    count: Math.floor(numberBetween('--machines', values.machines, 1, mostNetbooting)),
    seed: Math.floor(numberBetween('--seed', values.seed, 0, 2 ** 31)),
    bootFiles: values.head ? 'head' : 'whole',
    lossRate: numberBetween('--loss', values.loss, 0, 0.9),
    diskDir: values.disks ?? null,
  }
}

function parseFaults(text: string | undefined): Partial<BmcFaults> {
  try {
    const faults: unknown = JSON.parse(required('The faults, as JSON,', text))
    const names = Object.keys(faults as object)
    const unknown = names.find((name) => !faultNames.includes(name))
    if (unknown === undefined) return faults as Partial<BmcFaults>
    throw new UsageError(`There is no fault "${unknown}": there are ${faultNames.join(', ')}.`)
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`The faults must be a JSON object, such as '{"lossRate": 0.2}'.`)
  }
}

function bmcCommand(labName: string, positionals: string[], values: Values): LabCommand {
  const [, action, machine, faults] = positionals
  if (oneOf('After "bmc", the word', action, ['faults', 'light']) === 'faults') {
    const name = required('The name of the machine', machine)
    return { kind: 'bmc faults', labName, machine: name, faults: parseFaults(faults) }
  }
  const options = {
    count: Math.floor(numberBetween('--count', values.count, 1, 10_000)),
    address: values.address,
    ipmiPort: Math.floor(numberBetween('--port', values.port, 1, 65_535)),
    redfishPort:
      values.https === undefined ? null : Math.floor(numberBetween('--https', values.https, 1, 65_535)),
    personality: personalityOf(values.bmc ?? 'dell'),
  }
  return { kind: 'bmc light', labName, options }
}

/** @throws UsageError with one sentence when the arguments make no command. */
export function parseCommandLine(argv: readonly string[]): LabCommand {
  const split = argv.indexOf('--')
  const own = split < 0 ? [...argv] : argv.slice(0, split)
  const rest = split < 0 ? [] : argv.slice(split + 1)
  const { values, positionals } = parseOptions([...own])
  const [word, first, second] = positionals
  const labName = values.name ?? (word === 'deploy' ? 'deploy' : 'rack')
  if (word === 'deploy') {
    const { discover, json: isJson } = values
    return { kind: 'deploy', labName, request: machineRequest(values), discover, isJson }
  }
  if (word === 'bmc') return bmcCommand(labName, positionals, values)
  if (word === 'simulate') return { kind: 'simulate', labName, options: simulateOptions(values) }
  if (word === 'netboot') return { kind: 'netboot', labName, options: netbootOptions(values) }
  if (word === 'up' || word === 'down') return { kind: word, labName }
  if (word === 'serve') return { kind: 'serve', labName, argv: rest }
  if (word === 'image')
    return {
      kind: 'image',
      labName,
      variant: oneOf('--variant', values.variant, imageVariants),
      out: values.out,
    }
  if (word === 'exec') {
    if (rest.length === 0) throw new UsageError('exec needs a command after "--".')
    return { kind: 'exec', labName, host: oneOf('The host', first, labHosts), argv: rest }
  }
  if (word === 'console')
    return { kind: 'console', labName, machine: required('The name of the machine', first) }
  if (word === 'power') {
    const machine = required('The name of the machine', first)
    return { kind: 'power', labName, machine, action: oneOf('The power action', second, powerActions) }
  }
  if (word === 'machine' && first === 'list') return { kind: 'machine list', labName }
  if (word === 'machine') {
    const action = oneOf('After "machine", the word', first, ['add', 'remove', 'list'])
    const machine = required('The name of the machine', second)
    if (action !== 'add') return { kind: 'machine remove', labName, machine }
    return { kind: 'machine add', labName, machine, request: machineRequest(values) }
  }
  throw new UsageError(word === undefined ? 'No command was given.' : `There is no command "${word}".`)
}
