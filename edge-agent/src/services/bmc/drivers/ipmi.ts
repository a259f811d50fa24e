import { createHash } from 'node:crypto'
import type { BmcIdentity } from '@dragonfly/schema/wire'
import {
  chassisControl,
  clearEventLog,
  createIpmiClient,
  getChassisStatus,
  getDeviceId,
  getPowerLimit,
  getSystemGuid,
  type IpmiClient,
  IpmiError,
  type IpmiSession,
  identify,
  openConsole,
  readFru,
  readPowerDraw,
  setBootDevice,
  setPowerLimit,
  setUser,
  testUserPassword,
} from '../../ipmi/index.ts'
import { type BmcDriver, BmcError, type BmcSession, type BmcTarget, type OpenCredentials } from '../driver.ts'
import { vendorName } from '../vendors.ts'
import { readIpmiEventLog, readIpmiSensors } from './ipmi-monitoring.ts'
import { describeFru } from './ipmi-readings.ts'

interface Held {
  key: string
  sealed: string | null
  target: BmcTarget
  session: IpmiSession
}

export interface IpmiDriver extends BmcDriver {
  /** Ends every session. */
  stop(): Promise<void>
}

/** IPMI 2.0 over the LAN. Sessions stay open for the next request; BMCs have few of them, and setting one up takes long. */
export function createIpmiDriver(openCredentials: OpenCredentials): IpmiDriver {
  let client: Promise<IpmiClient> | null = null
  const sessions = new Map<string, Held>()

  const connect = async (target: BmcTarget): Promise<IpmiSession> => {
    const { bmc } = target
    if (!bmc) throw new BmcError('no-bmc', 'No BMC is known for this machine.')
    const name = nameOf(bmc)
    // Opening what is sealed costs more than a poll: the same ciphertext for the same machine opens the same.
    const sealed =
      bmc.credentials && `${target.machineId} ${bmc.credentials.ciphertext} ${bmc.credentials.tag}`
    const held = sessions.get(name)
    if (held && sealed !== null && held.sealed === sealed) return held.session
    const opened = await openCredentials(target)
    if (opened.kind === 'refused') throw new BmcError(opened.reason, opened.message)
    const { username, password, kg } = opened.credentials
    const key = digest([username, password, kg ?? ''])
    if (held?.key === key) {
      held.sealed = sealed
      held.target = target
      return held.session
    }
    sessions.delete(name)
    if (held) await held.session.close()
    client ??= createIpmiClient()
    const session = await (await client).open({
      address: bmc.address,
      ...(bmc.port === null ? {} : { port: bmc.port }),
      username,
      password,
      ...(kg ? { kg: Uint8Array.from(Buffer.from(kg, 'hex')) } : {}),
    })
    sessions.set(name, { key, sealed, target, session })
    return session
  }
  return {
    name: 'ipmi',
    fits: ({ bmc }) => bmc !== null && (bmc.protocol === 'auto' || bmc.protocol === 'ipmi'),
    open: async (target) => {
      const session = await translated(() => connect(target))
      return createSession(session)
    },
    held: () => [...sessions.values()].map(({ target }) => target),
    release: async ({ bmc }) => {
      const name = bmc ? nameOf(bmc) : ''
      const held = sessions.get(name)
      sessions.delete(name)
      await held?.session.close()
    },
    stop: async () => {
      sessions.clear()
      if (client) await (await client).close()
    },
  }
}

const nameOf = ({ address, port }: NonNullable<BmcTarget['bmc']>) => `${address} ${port ?? ''}`

function createSession(session: IpmiSession): BmcSession {
  return {
    username: Buffer.from(session.username).toString('latin1'),
    power: {
      read: () => translated(async () => (await getChassisStatus(session)).power),
      set: (wish) => translated(() => chassisControl(session, wish)),
    },
    setBootDevice: ({ device, persistent, uefi }) =>
      translated(() => setBootDevice(session, { device, persistent, uefi: uefi ?? false })),
    identify: (seconds) => translated(() => identify(session, seconds ?? 'on')),
    openConsole: (handlers, options) => translated(() => openConsole(session, handlers, options)),
    readIdentity: () => translated(() => readIdentity(session)),
    readSensors: (wish) => translated(() => readIpmiSensors(session, wish !== undefined)),
    readEventLog: (after) => translated(() => readIpmiEventLog(session, after)),
    clearEventLog: () => translated(() => clearEventLog(session)),
    setAccount: ({ username, password }) =>
      translated(async () => {
        const { id } = await setUser(session, { name: username, password, privilege: 'administrator' })
        if (!(await testUserPassword(session, id, password)))
          throw new BmcError('refused', 'The BMC took the account, but does not know its password.')
      }),
    readInventory: () => translated(async () => describeFru((await readFru(session)) ?? {})),
    readPowerDraw: () => translated(async () => (await readPowerDraw(session))?.watts ?? null),
    powerLimit: {
      read: () => translated(async () => (await getPowerLimit(session))?.limitWatts ?? null),
      set: (watts) =>
        translated(() => setPowerLimit(session, watts === null ? undefined : { limitWatts: watts })),
    },
    close: async () => undefined,
  }
}

/** Neither a GUID nor a FRU inventory is everywhere. */
async function readIdentity(session: IpmiSession): Promise<BmcIdentity> {
  const { manufacturerId, firmware } = await getDeviceId(session)
  const guid = await getSystemGuid(session).catch(() => null)
  const fru = await readFru(session).catch(() => undefined)
  const clip = (text: string | undefined): string | null => text?.trim().slice(0, 500) || null
  return {
    vendor: vendorName(manufacturerId) ?? clip(fru?.product?.manufacturer),
    model: clip(fru?.product?.name),
    firmware,
    serial: clip(fru?.product?.serialNumber),
    guid: guid?.asSmbios ?? null,
  }
}

/** The library's sentences hold no secrets: they may be shown. */
async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof IpmiError) throw new BmcError(error.reason, error.message)
    throw error
  }
}

/** To notice that a password was changed, without holding it. */
function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
