import type { BootOverride } from '../bmc.ts'
import type { BootDevice, ChassisAction } from '../chassis.ts'
import { privileges } from '../users.ts'
import { type CommandContext, CommandError, type CommandTable, completion, nothing } from './command.ts'

const { user, operator } = privileges

/** Device bits 5-2 of the second byte of the boot flags (IPMI 2.0, table 28-14). */
const deviceCodes: Partial<Record<BootDevice, number>> = {
  none: 0x00,
  pxe: 0x04,
  disk: 0x08,
  diagnostics: 0x10,
  cdrom: 0x14,
  setup: 0x18,
}
/** What makers' firmware takes besides: safe mode disk, remote CD, remote disk. */
const otherCodes: Record<number, BootDevice> = { 12: 'disk', 32: 'cdrom', 36: 'disk', 44: 'disk' }

function bootDeviceOf(code: number): BootDevice {
  const entry = Object.entries(deviceCodes).find(([, value]) => value === code)
  return (entry?.[0] as BootDevice | undefined) ?? otherCodes[code] ?? 'other'
}

const actions: Record<number, ChassisAction> = {
  0: 'off',
  1: 'on',
  2: 'cycle',
  3: 'reset',
  4: 'diagnostic',
  5: 'soft-off',
}

async function chassisStatus({ bmc }: CommandContext): Promise<Buffer> {
  const isOn = await bmc.chassis.isOn()
  const policy = { off: 0, previous: 1, on: 2 }[bmc.restorePolicy]
  const identify = bmc.identifyUntilMs === Number.POSITIVE_INFINITY ? 2 : bmc.isIdentifying ? 1 : 0
  return Buffer.from([(policy << 5) | (isOn ? 1 : 0), isOn ? 0x10 : 0, 0x40 | (identify << 4), 0])
}

async function chassisControl(data: Buffer, { bmc }: CommandContext): Promise<Buffer> {
  const action = actions[data.readUInt8(0) & 0x0f]
  if (!action) throw new CommandError(completion.invalidField)
  const isOn = await bmc.chassis.isOn()
  if (!isOn && action !== 'on' && action !== 'off') throw new CommandError(completion.notInThisState)
  bmc.control(action)
  return nothing
}

function identify(data: Buffer, { bmc }: CommandContext): Buffer {
  const seconds = data[0] ?? 15
  bmc.identifyUntilMs = (data[1] ?? 0) & 1 ? Number.POSITIVE_INFINITY : bmc.now() + seconds * 1000
  return nothing
}

function encodeBootFlags(context: CommandContext): Buffer {
  const override = context.bmc.bootOverride
  if (!override) return Buffer.from([0, 0, 0, 0, 0])
  const device = override.ipmiDevice ?? deviceCodes[override.device] ?? 0x04
  const first = 0x80 | (override.isPersistent ? 0x40 : 0) | (override.isUefi ? 0x20 : 0)
  return Buffer.concat([Buffer.from([first, device]), context.registers.bootFlagRest])
}

async function setBootFlags(data: Buffer, { bmc, registers }: CommandContext): Promise<void> {
  if (data.length < 2) throw new CommandError(completion.wrongLength)
  const [first, second] = [data.readUInt8(0), data.readUInt8(1)]
  registers.bootFlagRest = Buffer.concat([data.subarray(2, 5), Buffer.alloc(3)]).subarray(0, 3)
  if ((first & 0x80) === 0) return bmc.setBootOverride(undefined)
  const ipmiDevice = second & 0x3c
  const override: BootOverride = {
    device: bootDeviceOf(ipmiDevice),
    isPersistent: (first & 0x40) !== 0,
    isUefi: (first & 0x20) !== 0,
    ipmiDevice,
  }
  const isKept = override.isPersistent || (registers.bootFlagMask & 0x08) !== 0
  await bmc.setBootOverride(override, bmc.personality.ipmi.hasBootFlagClearing && !isKept)
}

async function setBootOption(data: Buffer, context: CommandContext): Promise<Buffer> {
  const { registers } = context
  const parameter = data.readUInt8(0) & 0x7f
  const value = data.subarray(1)
  if (parameter === 0) {
    const wanted = (value[0] ?? 0) & 3
    if (wanted === 1 && registers.bootSetInProgress === 1) throw new CommandError(0x81)
    registers.bootSetInProgress = wanted === 1 ? 1 : 0
  } else if (parameter === 3 && context.bmc.personality.ipmi.hasBootFlagClearing) {
    registers.bootFlagMask = (value[0] ?? 0) & 0x1f
  } else if (parameter === 4) registers.bootAcknowledge = Buffer.from([value[1] ?? 0])
  else if (parameter === 5) await setBootFlags(value, context)
  else throw new CommandError(completion.unsupportedParameter)
  return nothing
}

function getBootOption(data: Buffer, context: CommandContext): Buffer {
  const { registers } = context
  const parameter = data.readUInt8(0) & 0x7f
  const values: Record<number, () => Buffer> = {
    0: () => Buffer.from([registers.bootSetInProgress]),
    4: () => Buffer.concat([Buffer.from([0]), registers.bootAcknowledge]),
    5: () => encodeBootFlags(context),
    ...(context.bmc.personality.ipmi.hasBootFlagClearing
      ? { 3: () => Buffer.from([registers.bootFlagMask]) }
      : {}),
  }
  const value = values[parameter]
  if (!value) throw new CommandError(completion.unsupportedParameter)
  return Buffer.concat([Buffer.from([1, parameter]), value()])
}

function setRestorePolicy(data: Buffer, { bmc }: CommandContext): Buffer {
  const policy = (['off', 'previous', 'on'] as const)[data.readUInt8(0) & 7]
  if (policy) bmc.restorePolicy = policy
  return Buffer.from([0x07])
}

export const chassisCommands: CommandTable = {
  0: { privilege: user, handle: () => Buffer.from([0, 0x20, 0x20, 0x20, 0x20, 0x20]) },
  1: { privilege: user, handle: (_, context) => chassisStatus(context) },
  2: { privilege: operator, minLength: 1, handle: chassisControl },
  4: { privilege: operator, handle: identify },
  6: { privilege: operator, minLength: 1, handle: setRestorePolicy },
  // The last start was asked for by a command.
  7: { privilege: user, handle: () => Buffer.from([0x01, 0x01]) },
  8: { privilege: operator, minLength: 1, handle: setBootOption },
  9: { privilege: operator, minLength: 3, handle: getBootOption },
  15: {
    privilege: user,
    handle: (_, { bmc }) => {
      const hours = Buffer.alloc(5)
      hours[0] = 60
      hours.writeUInt32LE(Math.floor(bmc.now() / 3_600_000) % 20_000, 1)
      return hours
    },
  },
}
