import { privileges } from '../users.ts'
import { cipherSuites } from './cipher-suite.ts'
import { type CommandContext, CommandError, type CommandTable, completion, nothing } from './command.ts'

const { user, operator, administrator } = privileges

function deviceId({ bmc }: CommandContext): Buffer {
  const { firmwareVersion, ipmi } = bmc.personality
  const answer = Buffer.alloc(15)
  const bcdMinor = (Math.floor(firmwareVersion.minor / 10) << 4) | (firmwareVersion.minor % 10)
  // Device 0x20 with SDRs; supports sensors, SDR, SEL, FRU inventory and chassis (IPMI 2.0, 20.1).
  answer.set([0x20, 0x81, firmwareVersion.major & 0x7f, bcdMinor, 0x02, 0x8f])
  answer.writeUIntLE(ipmi.manufacturerId, 6, 3)
  answer.writeUInt16LE(ipmi.productId, 9)
  return answer
}

/** 0x0e means the channel that the question came by. @throws CommandError for a channel that there is not. */
export function lanChannel(asked: number, { bmc }: CommandContext): number {
  const channel = asked & 0x0f
  if (channel !== 0x0e && channel !== bmc.personality.ipmi.lanChannel)
    throw new CommandError(completion.invalidField)
  return bmc.personality.ipmi.lanChannel
}

function authCapabilities(data: Buffer, context: CommandContext): Buffer {
  const channel = lanChannel(data.readUInt8(0), context)
  const wantsExtended = (data.readUInt8(0) & 0x80) !== 0
  // RMCP+ only: no IPMI 1.5 session can be had. Non-null users exist; bit 5 says that a K_g is set.
  const flags = 0x04 | (context.bmc.kg ? 0x20 : 0)
  return Buffer.from([channel, wantsExtended ? 0x80 : 0, flags, 0x02, 0, 0, 0, 0])
}

function cipherSuiteRecords(data: Buffer, context: CommandContext): Buffer {
  const channel = lanChannel(data.readUInt8(0), context)
  const records = context.bmc.personality.ipmi.cipherSuites.flatMap((id) => {
    const suite = cipherSuites.find((candidate) => candidate.id === id)
    if (!suite) return []
    return [0xc0, id, suite.authentication, 0x40 | suite.integrity, 0x80 | suite.confidentiality]
  })
  const start = (data.readUInt8(2) & 0x3f) * 16
  return Buffer.from([channel, ...records.slice(start, start + 16)])
}

function setPrivilege(data: Buffer, { session }: CommandContext): Buffer {
  if (!session) throw new CommandError(completion.invalidCommand)
  const wanted = data.readUInt8(0) & 0x0f
  // 81h: higher than the user's or the channel's limit (22.18).
  if (wanted > session.privilegeLimit) throw new CommandError(0x81)
  if (wanted > 0) session.privilege = wanted
  return Buffer.from([session.privilege])
}

function closeSession(data: Buffer, context: CommandContext): Buffer {
  const id = data.readUInt32LE(0)
  const target = context.sessions.find(id)
  // 87h: there is no such session (22.19).
  if (!target) throw new CommandError(0x87)
  const isOwn = target === context.session
  if (!isOwn && (context.session?.privilege ?? 0) < administrator)
    throw new CommandError(completion.insufficientPrivilege)
  // The answer still goes through the session: it ends behind it.
  setImmediate(() => context.sessions.end(target))
  return nothing
}

function sessionInfo(data: Buffer, context: CommandContext): Buffer {
  const which = data.readUInt8(0)
  const all = context.sessions.all().filter((session) => session.keys)
  const { slots } = context.sessions
  const wantedId = which === 0xff && data.length >= 5 ? data.readUInt32LE(1) : undefined
  const found =
    which === 0
      ? context.session
      : wantedId !== undefined
        ? all.find((entry) => entry.id === wantedId)
        : all[which - 1]
  if (!found) return Buffer.from([0, slots, all.length])
  const info = Buffer.alloc(18)
  const handle = (all.indexOf(found) + 1) & 0xff
  info.set([handle, slots, all.length, found.user?.id ?? 0, found.privilege])
  info[5] = 0x10 | context.bmc.personality.ipmi.lanChannel
  info.set(found.remote.address.split('.').map(Number), 6)
  info.writeUInt16LE(found.remote.port, 16)
  return info
}

function channelInfo(data: Buffer, context: CommandContext): Buffer {
  const channel = lanChannel(data.readUInt8(0), context)
  // 802.3 LAN, IPMB-1.0 protocol, multi-session, the IPMI Forum's enterprise number (22.24).
  return Buffer.from([channel, 0x04, 0x01, 0x80 | context.sessions.size, 0xf2, 0x1b, 0x00, 0, 0])
}

export const appCommands: CommandTable = {
  1537: { privilege: user, handle: (_, context) => deviceId(context) },
  1540: { privilege: user, handle: () => Buffer.from([0x55, 0x00]) },
  1591: { privilege: 0, handle: (_, { guid }) => guid },
  1592: { privilege: 0, minLength: 2, handle: authCapabilities },
  1620: { privilege: 0, minLength: 3, handle: cipherSuiteRecords },
  1595: { privilege: 1, minLength: 1, handle: setPrivilege },
  1596: { privilege: 1, minLength: 4, handle: closeSession },
  1597: { privilege: user, minLength: 1, handle: sessionInfo },
  // Access mode "always available", authentication on, limit administrator.
  1600: { privilege: administrator, minLength: 1, handle: () => nothing },
  1601: { privilege: user, minLength: 1, handle: () => Buffer.from([0x02, administrator]) },
  1602: { privilege: user, minLength: 1, handle: channelInfo },
  // Cold and warm reset: our BMC is back at once, with no sessions.
  1538: { privilege: administrator, handle: (_, context) => resetBmc(context) },
  1539: { privilege: administrator, handle: (_, context) => resetBmc(context) },
  1589: { privilege: operator, handle: () => nothing },
  // What a driver on the machine sets up (22.1 to 22.4): message queue and event buffer are there, and empty.
  1582: { privilege: administrator, minLength: 1, handle: () => nothing },
  1583: { privilege: administrator, handle: () => Buffer.from([0x08]) },
  1584: { privilege: administrator, minLength: 1, handle: () => nothing },
  1585: { privilege: administrator, handle: () => Buffer.from([0]) },
}

function resetBmc({ sessions }: CommandContext): Buffer {
  setImmediate(() => {
    for (const session of sessions.all()) sessions.end(session)
  })
  return nothing
}
