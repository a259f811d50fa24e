import { createHash } from 'node:crypto'
import type { BmcIdentity } from '@dragonfly/schema/wire'
import {
  clearEventLog,
  ejectMedia,
  findMachine,
  followEvents,
  insertMedia,
  listMediaSlots,
  openRedfish,
  RedfishError,
  type RedfishMachine,
  type RedfishOptions,
  type RedfishTarget,
  readEventLog,
  readIdentity,
  readInventory,
  readNics,
  readPowerDraw,
  readPowerLimit,
  readPowerState,
  readSensors,
  setAccount,
  setBootOverride,
  setIndicator,
  setPower,
  setPowerLimit,
} from '../../redfish/index.ts'
import { type BmcDriver, BmcError, type BmcSession, type BmcTarget, type OpenCredentials } from '../driver.ts'

/** BMCs have few sessions: one that is not used is given back. */
const idleMs = 2 * 60_000
/** Longer than an LED is ever asked to be lit. */
const litMs = 5 * 60_000
/** A host without Redfish is not asked each time whether it has got it by now. */
const absentMs = 10 * 60_000
/** Wrong passwords lock accounts: the same one is not tried again at once. */
const refusedMs = 60_000

export interface RedfishDriver extends BmcDriver {
  /** Logs out everywhere. */
  stop(): Promise<void>
}

interface Held {
  key: string
  target: BmcTarget
  machine: RedfishMachine
  login: RedfishTarget
  idle: NodeJS.Timeout | null
  blink: NodeJS.Timeout | null
  /** Streams of events that are followed: as long as there are any, it is in use. */
  streams: Set<AbortController>
}

interface Failed {
  key: string
  error: RedfishError
  until: number
}

export interface RedfishDriverOptions {
  now?: () => number
  options?: Partial<RedfishOptions>
  /** A BMC showed another certificate than it is held to (SHA-256, hex), or, null, the right one at a login. */
  onCertificate?: (machineId: string, tlsPin: string | null) => void
}

/** Redfish over HTTPS. Sessions stay open for the next request, and are given back when there is none for a while. */
export function createRedfishDriver(
  openCredentials: OpenCredentials,
  { now = Date.now, options = {}, onCertificate = () => undefined }: RedfishDriverOptions = {},
): RedfishDriver {
  const sessions = new Map<string, Held>()
  const failures = new Map<string, Failed>()

  const release = async (name: string): Promise<void> => {
    const held = sessions.get(name)
    sessions.delete(name)
    if (!held) return
    if (held.idle) clearTimeout(held.idle)
    for (const stream of held.streams) stream.abort()
    if (held.blink) {
      clearTimeout(held.blink)
      await setIndicator(held.machine, false).catch(() => undefined)
    }
    await held.machine.session.close()
  }

  const connect = async (target: BmcTarget): Promise<Held> => {
    const { bmc } = target
    if (!bmc) throw new BmcError('no-bmc', 'No BMC is known for this machine.')
    const opened = await openCredentials(target)
    if (opened.kind === 'refused') throw new BmcError(opened.reason, opened.message)
    const { username, password } = opened.credentials
    const tlsPin = opened.credentials.tlsPin ?? bmc.tlsPin ?? null
    const name = nameOf(bmc)
    const key = digest([username, password, tlsPin ?? ''])
    const held = sessions.get(name)
    if (held && (held.key === key || isSame(held, key, [username, password]))) {
      held.target = target
      return held
    }
    await release(name)
    const failed = failures.get(name)
    if (failed && failed.key === key && failed.until > now()) throw failed.error
    failures.delete(name)
    try {
      const login = {
        address: bmc.address,
        // A port that was entered for IPMI is none of HTTPS.
        ...(bmc.port !== null && bmc.protocol === 'redfish' ? { port: bmc.port } : {}),
        username,
        password,
        ...(tlsPin === null ? {} : { tlsPin }),
      }
      const session = await openRedfish(login, options)
      const machine = await findMachine(session).catch(async (error: unknown) => {
        await session.close()
        throw error
      })
      const fresh: Held = { key, target, machine, login, idle: null, blink: null, streams: new Set() }
      sessions.set(name, fresh)
      onCertificate(target.machineId, null)
      return fresh
    } catch (error) {
      if (error instanceof RedfishError) remember(name, key, error)
      throw error
    }
  }

  /** The pin that was seen at first sight came back from the control plane: nothing else has changed. */
  const isSame = (held: Held, key: string, [username = '', password = '']: readonly string[]): boolean => {
    const isLearnt =
      held.key === digest([username, password, '']) &&
      key === digest([username, password, held.machine.session.tlsPin])
    if (isLearnt) held.key = key
    return isLearnt
  }

  const remember = (name: string, key: string, error: RedfishError) => {
    const forMs =
      error.reason === 'not-redfish' ? absentMs : error.reason === 'wrong-password' ? refusedMs : 0
    if (forMs > 0) failures.set(name, { key, error, until: now() + forMs })
  }

  return {
    name: 'redfish',
    fits: ({ bmc }) => bmc !== null && (bmc.protocol === 'auto' || bmc.protocol === 'redfish'),
    open: async (target) => {
      const translated: Translated = (work) =>
        translate(work, (tlsPin) => onCertificate(target.machineId, tlsPin))
      const held = await translated(() => connect(target))
      const name = target.bmc ? nameOf(target.bmc) : ''
      if (held.idle) clearTimeout(held.idle)
      held.idle = null
      return createSession(held, translated, async () => {
        if (held.idle) clearTimeout(held.idle)
        const giveBack = (): void => {
          if (held.streams.size > 0) held.idle = setTimeout(giveBack, idleMs).unref()
          else if (sessions.get(name) === held) void release(name).catch(() => undefined)
        }
        held.idle = setTimeout(giveBack, held.blink ? litMs : idleMs).unref()
      })
    },
    held: () => [...sessions.values()].map(({ target }) => target),
    release: async ({ bmc }) => {
      if (bmc) await release(nameOf(bmc))
    },
    stop: async () => {
      await Promise.all([...sessions.keys()].map((name) => release(name).catch(() => undefined)))
    },
  }
}

const nameOf = ({ address, port }: NonNullable<BmcTarget['bmc']>) => `${address} ${port ?? ''}`

function createSession(held: Held, translated: Translated, close: () => Promise<void>): BmcSession {
  const { machine } = held
  return {
    power: {
      read: () => translated(() => readPowerState(machine)),
      set: (wish) => translated(() => setPower(machine, wish)),
    },
    setBootDevice: (wish) =>
      translated(async () => {
        const { isPersistent } = await setBootOverride(machine, wish)
        // Another driver may be able to.
        if (wish.persistent && wish.device !== 'none' && !isPersistent)
          throw new BmcError(
            'once-only',
            'Over Redfish this BMC takes it for the next start only: it is set for that.',
          )
      }),
    identify: (seconds) => translated(() => identify(held, seconds)),
    readIdentity: () =>
      translated(async () => ({
        ...(await readIdentity(machine)),
        tlsPin: machine.session.tlsPin,
        ...(await readMacs(machine)),
      })),
    readSensors: () => translated(() => readSensors(machine)),
    readEventLog: (after) => translated(() => readEventLog(machine, after)),
    clearEventLog: () => translated(() => clearEventLog(machine)),
    virtualMedia: {
      read: () => translated(() => readMedia(machine)),
      insert: (url) => translated(async () => void (await insertMedia(machine, url))),
      eject: () => translated(() => ejectMedia(machine)),
    },
    username: held.login.username,
    setAccount: (account) => translated(() => setAndTryAccount(held, account)),
    followEvents: (handlers) => translated(() => follow(held, handlers)),
    readInventory: () => translated(() => readInventory(machine)),
    readPowerDraw: () => translated(() => readPowerDraw(machine)),
    powerLimit: {
      read: () => translated(() => readPowerLimit(machine)),
      set: (watts) => translated(() => setPowerLimit(machine, watts)),
    },
    close,
  }
}

/** A BMC may take an account, and let nobody in by it. */
async function setAndTryAccount(
  { machine, login }: Held,
  account: { username: string; password: string },
): Promise<void> {
  const { session } = machine
  await setAccount(session, account)
  const tried = await openRedfish({ ...login, ...account, tlsPin: session.tlsPin }, session.options)
  await tried.close()
}

async function readMedia(machine: RedfishMachine): Promise<{ image: string | null }> {
  const slots = await listMediaSlots(machine)
  if (slots.length === 0)
    throw new BmcError('not-supported', 'This BMC has no virtual CD drive over Redfish.')
  const inserted = slots.find(({ isInserted }) => isInserted)
  return { image: inserted ? (inserted.image ?? 'a disc of unknown origin') : null }
}

/** A BMC that says nothing before its first event would keep everybody else waiting. */
const streamOpensMs = 10_000

/** Resolves once the stream is there; what ends it later is told. */
function follow(held: Held, handlers: { event(): void; ended(): void }): Promise<{ close(): void }> {
  const stream = new AbortController()
  const close = () => {
    held.streams.delete(stream)
    stream.abort()
  }
  return new Promise((resolve, reject) => {
    const timer = setTimeout(close, streamOpensMs)
    const opened = () => {
      clearTimeout(timer)
      held.streams.add(stream)
      resolve({ close })
    }
    const over = (error?: unknown) => {
      clearTimeout(timer)
      const wasOpen = held.streams.delete(stream)
      if (wasOpen) handlers.ended()
      else reject(error ?? new RedfishError('not-supported', 'The BMC ended its stream of events at once.'))
    }
    followEvents(held.machine.session, { opened, event: handlers.event }, stream.signal).then(
      () => over(),
      over,
    )
  })
}

/** Redfish knows on and off only: the edge switches it off again. */
async function identify(held: Held, seconds: number | null): Promise<void> {
  if (held.blink) clearTimeout(held.blink)
  held.blink = null
  await setIndicator(held.machine, seconds !== 0)
  if (seconds === null || seconds === 0) return
  const off = () => {
    held.blink = null
    void setIndicator(held.machine, false).catch(() => undefined)
  }
  held.blink = setTimeout(off, seconds * 1000)
  held.blink.unref()
}

/** The rest of what it is counts without them. */
async function readMacs(machine: RedfishMachine): Promise<Pick<BmcIdentity, 'macs'>> {
  try {
    const macs = new Set((await readNics(machine)).map(({ mac }) => mac))
    return { macs: [...macs].slice(0, 64) }
  } catch (error) {
    if (error instanceof RedfishError) return {}
    throw error
  }
}

type Translated = <T>(work: () => Promise<T>) => Promise<T>

/** The library's sentences hold no secrets: they may be shown. */
async function translate<T>(work: () => Promise<T>, noteShown: (tlsPin: string) => void): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof RedfishError)) throw error
    if (error.shownPin !== null) noteShown(error.shownPin)
    throw new BmcError(error.reason, error.message)
  }
}

/** To notice that a password was changed, without holding it. */
function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
