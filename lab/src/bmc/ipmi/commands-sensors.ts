import { rawReading, sensors } from '../sensors.ts'
import { privileges } from '../users.ts'
import { type CommandContext, CommandError, type CommandTable, completion, slice } from './command.ts'
import { discreteSensors, rawThresholds, sdrRecords, thresholdMask } from './sdr.ts'

const { user, operator } = privileges

/** More than this of a record does not fit into an answer, as with many BMCs. */
const largestPiece = 32

function sdrInfo(): Buffer {
  const info = Buffer.alloc(14)
  info[0] = 0x51
  info.writeUInt16LE(sdrRecords.length, 1)
  info.writeUInt16LE(0x4000, 3)
  info.writeUInt32LE(0x60000000, 5)
  info.writeUInt32LE(0x60000000, 9)
  // Reserve is supported; allocation, delete and partial add are not (33.9).
  info[13] = 0x02
  return info
}

/** Get SDR (33.12): a piece of one record, and the id of the next. */
function getSdr(data: Buffer, { registers }: CommandContext): Buffer {
  const [reservation, asked] = [data.readUInt16LE(0), data.readUInt16LE(2)]
  const [offset, length] = [data.readUInt8(4), data.readUInt8(5)]
  if (offset > 0 && reservation !== registers.sdrReservation)
    throw new CommandError(completion.reservationCancelled)
  const index = asked === 0 ? 0 : asked === 0xffff ? sdrRecords.length - 1 : asked - 1
  const record = sdrRecords[index]
  if (!record) throw new CommandError(completion.notPresent)
  const piece = slice(record, offset, length)
  if (piece.length > largestPiece) throw new CommandError(completion.cannotReturn)
  const next = Buffer.alloc(2)
  next.writeUInt16LE(index + 1 < sdrRecords.length ? index + 2 : 0xffff)
  return Buffer.concat([next, piece])
}

function reserve(key: 'sdrReservation') {
  return (_: Buffer, { registers }: CommandContext): Buffer => {
    registers[key] = (registers[key] % 0xfffe) + 1
    const answer = Buffer.alloc(2)
    answer.writeUInt16LE(registers[key])
    return answer
  }
}

/** Get Sensor Reading (35.14). */
async function sensorReading(data: Buffer, { bmc }: CommandContext): Promise<Buffer> {
  const number = data.readUInt8(0)
  const isOn = await bmc.chassis.isOn()
  if (discreteSensors.some((candidate) => candidate.number === number)) {
    // S0 or S5 for the power state; bit 0 is "present" for the power supply.
    const states = number === 0x20 && !isOn ? 0x20 : 0x01
    return Buffer.from([0x00, 0xc0, states, 0x80])
  }
  const sensor = sensors.find((candidate) => candidate.number === number)
  if (!sensor) throw new CommandError(completion.notPresent)
  const value = await bmc.read(sensor)
  if (value === undefined) return Buffer.from([0x00, 0xe0, 0xc0])
  const raw = rawReading(sensor, value)
  const [lnc = 0, lcr = 0, , unc = 0, ucr = 0] = rawThresholds(sensor)
  const crossed =
    (raw <= lnc ? 0x01 : 0) | (raw <= lcr ? 0x02 : 0) | (raw >= unc ? 0x08 : 0) | (raw >= ucr ? 0x10 : 0)
  return Buffer.from([raw, 0xc0, 0xc0 | (crossed & thresholdMask(sensor))])
}

function sensorThresholds(data: Buffer): Buffer {
  const sensor = sensors.find((candidate) => candidate.number === data.readUInt8(0))
  if (!sensor) throw new CommandError(completion.notPresent)
  return Buffer.from([thresholdMask(sensor), ...rawThresholds(sensor)])
}

export const sensorCommands: CommandTable = {
  2592: { privilege: user, handle: sdrInfo },
  2594: { privilege: user, handle: reserve('sdrReservation') },
  2595: { privilege: user, minLength: 6, handle: getSdr },
  1063: { privilege: user, minLength: 1, handle: sensorThresholds },
  1069: { privilege: user, minLength: 1, handle: sensorReading },
  1065: { privilege: operator, minLength: 1, handle: () => Buffer.from([0xc0]) },
}
