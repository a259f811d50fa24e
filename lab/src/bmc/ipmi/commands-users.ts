import { type BmcUser, privileges, userSlots } from '../users.ts'
import {
  type CommandContext,
  CommandError,
  type CommandTable,
  completion,
  fixedText,
  nothing,
  textOf,
} from './command.ts'
import { lanChannel } from './commands-app.ts'

const { operator, administrator } = privileges

function userOf(byte: number, { bmc }: CommandContext): BmcUser {
  const found = bmc.users.find((user) => user.id === (byte & 0x3f))
  if (!found) throw new CommandError(completion.outOfRange)
  return found
}

function setAccess(data: Buffer, context: CommandContext): Buffer {
  const flags = data.readUInt8(0)
  lanChannel(flags, context)
  const user = userOf(data.readUInt8(1), context)
  if (flags & 0x80) user.mayUseIpmi = (flags & 0x10) !== 0
  user.privilege = data.readUInt8(2) & 0x0f
  return nothing
}

function getAccess(data: Buffer, context: CommandContext): Buffer {
  lanChannel(data.readUInt8(0), context)
  const user = userOf(data.readUInt8(1), context)
  const enabled = context.bmc.users.filter((candidate) => candidate.isEnabled).length
  const status = user.isEnabled ? 0x40 : 0x80
  const access = (user.mayUseIpmi ? 0x10 : 0) | user.privilege
  return Buffer.from([userSlots, status | enabled, 1, access])
}

function setName(data: Buffer, context: CommandContext): Buffer {
  const user = userOf(data.readUInt8(0), context)
  if (user.id === 1) throw new CommandError(completion.invalidField)
  const name = textOf(data.subarray(1, 17))
  const isTaken = name !== '' && context.bmc.users.some((other) => other !== user && other.name === name)
  if (isTaken) throw new CommandError(completion.invalidField)
  user.name = name
  return nothing
}

/** @throws CommandError 80h for a test that failed, 81h for the wrong length of one (IPMI 2.0, 22.30). */
function setPassword(data: Buffer, context: CommandContext): Buffer {
  const user = userOf(data.readUInt8(0), context)
  const length = data.readUInt8(0) & 0x80 ? 20 : 16
  const operation = data.readUInt8(1) & 3
  const password = textOf(data.subarray(2, 2 + length))
  if (operation === 0) user.isEnabled = false
  else if (operation === 1) user.isEnabled = true
  else if (data.length < 2 + length) throw new CommandError(completion.wrongLength)
  else if (operation === 2) user.password = password
  else if (user.password.length > length) throw new CommandError(0x81)
  else if (user.password !== password) throw new CommandError(0x80)
  return nothing
}

function setPayloadAccess(data: Buffer, context: CommandContext): Buffer {
  lanChannel(data.readUInt8(0), context)
  const user = userOf(data.readUInt8(1), context)
  if (data.readUInt8(2) & 0x02) user.mayUseConsole = (data.readUInt8(1) & 0xc0) === 0
  return nothing
}

function getPayloadAccess(data: Buffer, context: CommandContext): Buffer {
  lanChannel(data.readUInt8(0), context)
  return Buffer.from([userOf(data.readUInt8(1), context).mayUseConsole ? 0x02 : 0, 0, 0, 0])
}

export const userCommands: CommandTable = {
  1603: { privilege: administrator, minLength: 3, handle: setAccess },
  1604: { privilege: operator, minLength: 2, handle: getAccess },
  1605: { privilege: administrator, minLength: 2, handle: setName },
  1606: {
    privilege: operator,
    minLength: 1,
    handle: (data, context) => fixedText(userOf(data.readUInt8(0), context).name, 16),
  },
  1607: { privilege: administrator, minLength: 2, handle: setPassword },
  1612: { privilege: administrator, minLength: 6, handle: setPayloadAccess },
  1613: { privilege: operator, minLength: 2, handle: getPayloadAccess },
}
