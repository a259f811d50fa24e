import { privileges } from '../users.ts'
import { type CommandContext, CommandError, type CommandTable, completion } from './command.ts'

const { user, operator } = privileges
const group = 0xdc

/** What DCMI 1.5 this is (6.1.1): identification, SEL, chassis power, temperature, and power management. */
const capabilities: Record<number, number[]> = {
  1: [0x01, 0x05, 0x02, 0x00, 0x01, 0x01],
  2: [0x01, 0x05, 0x02, 0x00, 0x02, 0x00, 0x00, 0x00],
  3: [0x01, 0x05, 0x02, 0x20, 0x00],
  4: [0x01, 0x05, 0x02, 0x01, 0x00, 0x00],
  5: [0x01, 0x05, 0x02, 0x01, 0x01],
}

async function powerReading(data: Buffer, { bmc }: CommandContext): Promise<Buffer> {
  if (data[1] !== 1) throw new CommandError(completion.invalidField)
  const watts = await bmc.readWatts()
  const isOn = await bmc.chassis.isOn()
  const answer = Buffer.alloc(18)
  answer[0] = group
  answer.writeUInt16LE(watts, 1)
  answer.writeUInt16LE(Math.round(watts * 0.92), 3)
  answer.writeUInt16LE(Math.round(watts * 1.1), 5)
  answer.writeUInt16LE(watts, 7)
  answer.writeUInt32LE(bmc.eventLog.timeSeconds, 9)
  answer.writeUInt32LE(1000, 13)
  // Bit 6: measuring. A machine that is off has its standby draw measured too.
  answer[17] = isOn || watts > 0 ? 0x40 : 0
  return answer
}

/** Get Power Limit (6.6.2): 80h says that no limit is active, with the limit that would be. */
function getLimit(_: Buffer, { bmc }: CommandContext): Buffer {
  const { powerLimit } = bmc
  const answer = Buffer.alloc(14)
  answer[0] = group
  answer[3] = powerLimit.exceptionAction
  answer.writeUInt16LE(powerLimit.watts, 4)
  answer.writeUInt32LE(powerLimit.correctionMs, 6)
  answer.writeUInt16LE(powerLimit.samplingSeconds, 12)
  if (!powerLimit.isActive) throw new CommandError(0x80, answer)
  return answer
}

/** Set Power Limit (6.6.3). @throws CommandError 84h for watts that this machine cannot be held to. */
function setLimit(data: Buffer, { bmc }: CommandContext): Buffer {
  const watts = data.readUInt16LE(5)
  if (watts < 80 || watts > 1400) throw new CommandError(0x84)
  bmc.powerLimit = {
    ...bmc.powerLimit,
    watts,
    exceptionAction: data.readUInt8(4),
    correctionMs: data.readUInt32LE(7),
    samplingSeconds: data.readUInt16LE(13),
  }
  return Buffer.from([group])
}

function activateLimit(data: Buffer, { bmc }: CommandContext): Buffer {
  bmc.powerLimit.isActive = data.readUInt8(1) === 1
  return Buffer.from([group])
}

function getAssetTag(data: Buffer, { bmc }: CommandContext): Buffer {
  const tag = Buffer.from(bmc.assetTag, 'latin1')
  const [offset, length] = [data.readUInt8(1), data.readUInt8(2)]
  return Buffer.concat([Buffer.from([group, tag.length]), tag.subarray(offset, offset + length)])
}

function setAssetTag(data: Buffer, { bmc }: CommandContext): Buffer {
  const [offset, length] = [data.readUInt8(1), data.readUInt8(2)]
  const text = data.subarray(3, 3 + length).toString('latin1')
  bmc.assetTag = `${bmc.assetTag.slice(0, offset).padEnd(offset)}${text}`.slice(0, 63)
  return Buffer.from([group, bmc.assetTag.length])
}

export const dcmiCommands: CommandTable = {
  11265: {
    privilege: user,
    minLength: 2,
    handle: (data) => {
      const answer = capabilities[data.readUInt8(1)]
      if (!answer) throw new CommandError(completion.invalidField)
      return Buffer.from([group, ...answer])
    },
  },
  11266: { privilege: user, minLength: 4, handle: powerReading },
  11267: { privilege: user, minLength: 3, handle: getLimit },
  11268: { privilege: operator, minLength: 15, handle: setLimit },
  11269: { privilege: operator, minLength: 2, handle: activateLimit },
  11270: { privilege: user, minLength: 3, handle: getAssetTag },
  11272: { privilege: operator, minLength: 3, handle: setAssetTag },
}
