import { consoleRequestSchema } from '@dragonfly/schema/api'
import { machineActions } from '@dragonfly/schema/state'
import type { Deps, Person } from '../../deps.ts'
import { getMachine } from '../machines/service.ts'
import { checkRights, concernsRights, type SocketOrigin } from '../people/watch-rights.ts'
import type { ConsoleSocket, Watcher } from './pipe.ts'

/** A person's consoles, on all their screens. */
export const maxConsolesPerPerson = 16
export const tooManyConsoles = `You have ${maxConsolesPerPerson} consoles open: close some.`
/** Frames of one socket that come before it is set up. */
const maxEarlyFrames = 64

/** How often the person's session is looked at again; besides whenever it changes. */
const recheckMs = 60_000

export interface ConsoleWatch {
  handleMessage(data: unknown): void
  /** The socket is gone. */
  end(): void
}

/** The same for a socket that is open already: what comes meanwhile waits, within bounds. */
export function startConsoleWatch(
  deps: Deps,
  person: Person,
  machineId: string,
  from: SocketOrigin,
  socket: ConsoleSocket,
): ConsoleWatch {
  let watch: ConsoleWatch | null = null
  let early: unknown[] = []
  let isGone = false
  watchConsole(deps, person, machineId, from, socket)
    .then((made) => {
      watch = made
      if (isGone) return made.end()
      for (const data of early) made.handleMessage(data)
      early = []
    })
    .catch((error: unknown) => {
      deps.log.error('opening a console', { error })
      socket.close(1011, 'internal error')
    })
  return {
    handleMessage: (data) => {
      if (watch) watch.handleMessage(data)
      else if (early.length < maxEarlyFrames) early.push(data)
    },
    end: () => {
      isGone = true
      watch?.end()
    },
  }
}

/** A person looks at a machine's console, for as long as their session lasts and their rights stay as they are. */
export async function watchConsole(
  deps: Deps,
  person: Person,
  machineId: string,
  from: SocketOrigin,
  socket: ConsoleSocket,
): Promise<ConsoleWatch> {
  const machine = await getMachine(deps, machineId)
  const { siteId, name } = machine
  const watcher: Watcher = { name: person.name, socket }
  const pipe = deps.consoles.watch(deps, { machineId, siteId }, watcher)
  pipe.refuseKeyboard(refusalOf(machine))
  let isEnded = false
  /** Told once each time that they take the keyboard. */
  let isTypingNoted = false
  /** Entries are written one after the other: the log says first what was done first. */
  let written: Promise<unknown> = Promise.resolve()
  const note = (operation: string): void => {
    const at = deps.clock()
    const record = { operation, subject: name, machineId, siteId, details: {}, clientAddress: from.address }
    const actor = { actorKind: 'person', actorId: person.userId, actorName: person.name } as const
    const entry = { at, ...actor, ...record, outcome: 'done', status: 101, code: null } as const
    written = written
      .then(() => deps.audit.append(entry))
      .catch((error: unknown) => deps.log.error('the audit log could not be written', { error }))
  }
  const end = (): void => {
    if (isEnded) return
    isEnded = true
    unsubscribe()
    clearInterval(timer)
    deps.consoles.leave(machineId, watcher)
    note('closeConsole')
  }
  const cut = (code: number, reason: string): void => {
    end()
    socket.close(code, reason)
  }
  const guard = (work: Promise<void>): void =>
    void work.catch((error: unknown) => {
      deps.log.error('looking after a console', { error })
      cut(1011, 'internal error')
    })
  const recheck = async (): Promise<void> => {
    const verdict = await checkRights(deps, person, from)
    if (verdict && !isEnded) cut(verdict.code, verdict.reason)
  }
  const refreshLock = async (): Promise<void> => {
    const now = await getMachine(deps, machineId).catch(() => null)
    if (isEnded) return
    if (now === null || now.siteId !== siteId) cut(4404, 'the machine is gone')
    else pipe.refuseKeyboard(refusalOf(now))
  }
  const unsubscribe = deps.live.subscribe((event) => {
    if (concernsRights(event, person)) guard(recheck())
    if (event.type === 'changed' && event.entity === 'machine' && event.id === machineId) guard(refreshLock())
  })
  const timer = setInterval(() => guard(recheck()), recheckMs)
  const noteTyping = (): void => {
    if (!isTypingNoted) note('typeInConsole')
    isTypingNoted = true
  }
  const handleText = (text: string): void => {
    const request = parseRequest(text)
    switch (request?.type) {
      case 'take-keyboard':
        isTypingNoted = false
        pipe.takeKeyboard(watcher)
        return
      case 'release-keyboard':
        pipe.releaseKeyboard(watcher)
        return
      case 'break':
        if (pipe.sendBreak(watcher)) note('sendConsoleBreak')
        return
      case 'take-over':
        note('takeOverConsole')
        pipe.takeOver()
    }
  }
  note('openConsole')
  return {
    end,
    handleMessage: (data) => {
      if (isEnded) return
      if (typeof data === 'string') handleText(data)
      else if (data instanceof ArrayBuffer && pipe.type(watcher, new Uint8Array(data))) noteTyping()
    },
  }
}

function refusalOf(machine: { locked: boolean }): string | null {
  const verdict = machineActions.type(machine)
  return verdict.allowed ? null : verdict.reason
}

function parseRequest(text: string) {
  try {
    return consoleRequestSchema.parse(JSON.parse(text))
  } catch {
    return null
  }
}
