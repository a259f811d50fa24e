import type { LoggedEvent } from '../event-log.ts'
import { privileges } from '../users.ts'
import {
  type CommandContext,
  CommandError,
  type CommandTable,
  completion,
  nothing,
  slice,
} from './command.ts'
import { encodeFru } from './fru.ts'

const { user, operator } = privileges

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value >>> 0)
  return bytes
}

function selInfo({ bmc }: CommandContext): Buffer {
  const { events, freeEntries, lastAddedSeconds, lastErasedSeconds } = bmc.eventLog
  const head = Buffer.alloc(5)
  head[0] = 0x51
  head.writeUInt16LE(events.length, 1)
  head.writeUInt16LE(freeEntries * 16, 3)
  return Buffer.concat([head, uint32(lastAddedSeconds), uint32(lastErasedSeconds), Buffer.from([0x02])])
}

/** A system event record (IPMI 2.0, table 32-1). */
function encodeSelRecord(event: LoggedEvent): Buffer {
  const record = Buffer.alloc(16)
  record.writeUInt16LE(event.id)
  record[2] = 0x02
  record.writeUInt32LE(event.timeSeconds, 3)
  record.set([0x20, 0x00, 0x04, event.sensorType, event.sensorNumber], 7)
  record[12] = (event.isDeassertion ? 0x80 : 0) | event.eventType
  record.set(event.data, 13)
  return record
}

function selEntry(data: Buffer, { bmc, registers }: CommandContext): Buffer {
  const [reservation, asked] = [data.readUInt16LE(0), data.readUInt16LE(2)]
  const [offset, length] = [data.readUInt8(4), data.readUInt8(5)]
  if (offset > 0 && reservation !== registers.selReservation)
    throw new CommandError(completion.reservationCancelled)
  const { events } = bmc.eventLog
  const index =
    asked === 0 ? 0 : asked === 0xffff ? events.length - 1 : events.findIndex((event) => event.id === asked)
  const event = events[index]
  if (!event) throw new CommandError(completion.notPresent)
  const next = Buffer.alloc(2)
  next.writeUInt16LE(events[index + 1]?.id ?? 0xffff)
  return Buffer.concat([next, slice(encodeSelRecord(event), offset, length)])
}

function clearSel(data: Buffer, { bmc, registers }: CommandContext): Buffer {
  if (data.readUInt16LE(0) !== registers.selReservation)
    throw new CommandError(completion.reservationCancelled)
  if (data.subarray(2, 5).toString('latin1') !== 'CLR') throw new CommandError(completion.invalidField)
  if (data[5] === 0xaa) bmc.eventLog.clear()
  // Erasing is done.
  return Buffer.from([0x01])
}

function reserveSel({ registers }: CommandContext): Buffer {
  registers.selReservation = (registers.selReservation % 0xfffe) + 1
  const answer = Buffer.alloc(2)
  answer.writeUInt16LE(registers.selReservation)
  return answer
}

function fruInfo(data: Buffer, { bmc }: CommandContext): Buffer {
  if (data[0] !== 0) throw new CommandError(completion.notPresent)
  const info = Buffer.alloc(3)
  info.writeUInt16LE(encodeFru(bmc).length)
  return info
}

function readFru(data: Buffer, { bmc }: CommandContext): Buffer {
  if (data[0] !== 0) throw new CommandError(completion.notPresent)
  const piece = slice(encodeFru(bmc), data.readUInt16LE(1), Math.min(32, data.readUInt8(3)))
  return Buffer.concat([Buffer.from([piece.length]), piece])
}

export const storageCommands: CommandTable = {
  2576: { privilege: user, minLength: 1, handle: fruInfo },
  2577: { privilege: user, minLength: 4, handle: readFru },
  2624: { privilege: user, handle: (_, context) => selInfo(context) },
  2626: { privilege: user, handle: (_, context) => reserveSel(context) },
  2627: { privilege: user, minLength: 6, handle: selEntry },
  2631: { privilege: operator, minLength: 6, handle: clearSel },
  2632: { privilege: user, handle: (_, { bmc }) => uint32(bmc.eventLog.timeSeconds) },
  2633: {
    privilege: operator,
    minLength: 4,
    handle: (data, { bmc }) => {
      bmc.eventLog.timeSeconds = data.readUInt32LE(0)
      return nothing
    },
  },
}
