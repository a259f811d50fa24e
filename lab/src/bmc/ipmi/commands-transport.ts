import { privileges } from '../users.ts'
import { cipherSuites } from './cipher-suite.ts'
import {
  type CommandContext,
  CommandError,
  type CommandTable,
  completion,
  fixedText,
  nothing,
} from './command.ts'
import { lanChannel } from './commands-app.ts'

const { user, operator, administrator } = privileges

const addressBytes = (address: string): Buffer => Buffer.from(address.split('.').map(Number))
const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex')

/** LAN configuration parameters that can be read (IPMI 2.0, table 23-4). */
function lanParameter(parameter: number, { bmc, registers }: CommandContext): Buffer | undefined {
  const { network, personality } = bmc
  const suites = personality.ipmi.cipherSuites.filter((id) => cipherSuites.some((suite) => suite.id === id))
  const privilegeNibbles = suites.map(() => 0x44)
  const values: Record<number, () => Buffer> = {
    0: () => Buffer.from([registers.lanSetInProgress]),
    1: () => Buffer.from([0]),
    2: () => Buffer.alloc(5),
    3: () => addressBytes(network.address),
    4: () => Buffer.from([network.source === 'static' ? 1 : 2]),
    5: () => macBytes(network.mac),
    6: () => addressBytes(network.netmask),
    7: () => Buffer.from([64, 0x40, 0x10]),
    12: () => addressBytes(network.gateway),
    13: () => Buffer.alloc(6),
    14: () => Buffer.alloc(4),
    15: () => Buffer.alloc(6),
    16: () => fixedText('public', 18),
    20: () => Buffer.alloc(2),
    21: () => Buffer.alloc(1),
    22: () => Buffer.from([suites.length]),
    23: () => Buffer.concat([Buffer.from([0, ...suites]), Buffer.alloc(16)]).subarray(0, 17),
    24: () => Buffer.concat([Buffer.from([0, ...privilegeNibbles]), Buffer.alloc(9)]).subarray(0, 9),
    26: () => Buffer.alloc(6),
  }
  return values[parameter]?.()
}

function getLan(data: Buffer, context: CommandContext): Buffer {
  lanChannel(data.readUInt8(0), context)
  if (data.readUInt8(0) & 0x80) return Buffer.from([0x11])
  const value = lanParameter(data.readUInt8(1), context)
  if (!value) throw new CommandError(completion.unsupportedParameter)
  return Buffer.concat([Buffer.from([0x11]), value])
}

/** What is written is shown from then on; the BMC stays where it listens, so that a test cannot lose it. */
function setLan(data: Buffer, context: CommandContext): Buffer {
  lanChannel(data.readUInt8(0), context)
  const { network } = context.bmc
  const parameter = data.readUInt8(1)
  const value = data.subarray(2)
  const address = () => {
    if (value.length < 4) throw new CommandError(completion.wrongLength)
    return [...value.subarray(0, 4)].join('.')
  }
  const needsStatic = () => {
    if (network.source !== 'static') throw new CommandError(completion.readOnly)
  }
  if (parameter === 0) context.registers.lanSetInProgress = (value[0] ?? 0) & 1
  else if (parameter === 4) network.source = (value[0] ?? 0) === 2 ? 'dhcp' : 'static'
  else if (parameter === 3) {
    needsStatic()
    network.address = address()
  } else if (parameter === 6) {
    needsStatic()
    network.netmask = address()
  } else if (parameter === 12) {
    needsStatic()
    network.gateway = address()
  } else if (lanParameter(parameter, context)) throw new CommandError(completion.readOnly)
  else throw new CommandError(completion.unsupportedParameter)
  return nothing
}

/** SOL configuration (table 26-5): on, administrators' and operators', 115,200 baud, port 623. */
const solDefaults: Record<number, number[]> = {
  0: [0],
  1: [1],
  2: [0xc0 | operator],
  3: [12, 96],
  4: [7, 100],
  5: [0x0a],
  6: [0x0a],
  8: [0x6f, 0x02],
}

function getSol(data: Buffer, context: CommandContext): Buffer {
  const channel = lanChannel(data.readUInt8(0), context)
  const parameter = data.readUInt8(1)
  const fallback = parameter === 7 ? [channel] : solDefaults[parameter]
  if (!fallback) throw new CommandError(completion.unsupportedParameter)
  const value = context.registers.solSettings.get(parameter) ?? Buffer.from(fallback)
  return Buffer.concat([Buffer.from([0x11]), value])
}

function setSol(data: Buffer, context: CommandContext): Buffer {
  lanChannel(data.readUInt8(0), context)
  const parameter = data.readUInt8(1)
  if (parameter >= 7 && parameter <= 8) throw new CommandError(completion.readOnly)
  const fallback = solDefaults[parameter]
  if (!fallback) throw new CommandError(completion.unsupportedParameter)
  context.registers.solSettings.set(parameter, Buffer.from(data.subarray(2, 2 + fallback.length)))
  return nothing
}

export const transportCommands: CommandTable = {
  3073: { privilege: administrator, minLength: 3, handle: setLan },
  3074: { privilege: operator, minLength: 4, handle: getLan },
  3105: { privilege: administrator, minLength: 3, handle: setSol },
  3106: { privilege: user, minLength: 4, handle: getSol },
}
