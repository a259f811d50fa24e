import { type ConsoleState, scrollBackBytes } from '@dragonfly/schema/wire'
import { BmcAttemptError, type BmcConsole, type ConsoleHandlers } from '../driver.ts'
import { createScrollBack } from './scroll-back.ts'

interface ConsoleNews {
  state: ConsoleState
  /** What a person may do about it; null while all is well. */
  message: string | null
}

interface ConsoleListener {
  data(bytes: Uint8Array): void
  news?(news: ConsoleNews): void
}

/**
 * A machine's one console at its BMC, which has no more than one: for all who look on, and for the recorder. It is
 * open while anybody listens, and a little longer; what is lost is opened again.
 */
export interface SharedConsole {
  news(): ConsoleNews
  scrollBack(): Uint8Array
  /** Returns what ends the listening. */
  listen(listener: ConsoleListener): () => void
  write(bytes: Uint8Array): void
  sendBreak(): void
  /** Ends the console that somebody else has open at the BMC. */
  takeOver(): void
  close(): Promise<void>
  /** Closes it for good, and says why to all who look on. */
  end(why: string): Promise<void>
}

export interface SharedConsolePorts {
  open(handlers: ConsoleHandlers, options: { takesOver: boolean }): Promise<BmcConsole>
  /** Called when nobody has listened for a while, and it is closed. */
  onIdle(): void
}

/** A page that is loaded anew finds the scroll-back. */
const lingerMs = 60_000
const inUseRetryMs = 30_000
const retryMs = { first: 2000, longest: 30_000 }
/** To try again changes nothing, or locks the account. */
const finalReasons = [
  'not-supported',
  'no-bmc',
  'no-credentials',
  'wrong-password',
  'wrong-kg',
  'privilege-too-low',
]

export function createSharedConsole({ open, onIdle }: SharedConsolePorts): SharedConsole {
  const listeners = new Set<ConsoleListener>()
  const scrollBack = createScrollBack(scrollBackBytes)
  let news: ConsoleNews = { state: 'opening', message: null }
  let held: BmcConsole | null = null
  let isOpening = false
  let isClosed = false
  let waitMs = retryMs.first
  let retry: NodeJS.Timeout | undefined
  let linger: NodeJS.Timeout | undefined

  const tell = (next: ConsoleNews): void => {
    news = next
    for (const listener of listeners) listener.news?.(next)
  }
  const take = (bytes: Uint8Array): void => {
    scrollBack.push(bytes)
    for (const listener of listeners) listener.data(bytes)
  }
  const connectLater = (delayMs: number): void => {
    clearTimeout(retry)
    retry = setTimeout(() => void connect(false), delayMs)
  }
  const lose = (reason: 'deactivated' | 'silent'): void => {
    held = null
    if (isClosed) return
    const why = reason === 'silent' ? 'The BMC answers no more' : 'The BMC closed the console'
    tell({ state: 'waiting', message: `${why}: trying again.` })
    connectLater(retryMs.first)
  }
  const explain = (error: unknown): void => {
    const next = describeRefusal(error)
    if (next.state === 'in-use') connectLater(inUseRetryMs)
    if (next.state === 'waiting') {
      connectLater(waitMs)
      waitMs = Math.min(waitMs * 2, retryMs.longest)
    }
    tell(next)
  }
  const connect = async (takesOver: boolean): Promise<void> => {
    if (isOpening || isClosed || held) return
    isOpening = true
    clearTimeout(retry)
    if (news.state === 'failed' || takesOver) tell({ state: 'opening', message: null })
    try {
      const made = await open({ data: take, ended: lose }, { takesOver })
      if (isClosed) return await made.close()
      held = made
      waitMs = retryMs.first
      tell({ state: 'open', message: null })
    } catch (error) {
      if (!isClosed) explain(error)
    } finally {
      isOpening = false
    }
  }
  const close = async (): Promise<void> => {
    isClosed = true
    clearTimeout(retry)
    clearTimeout(linger)
    const last = held
    held = null
    await last?.close().catch(() => undefined)
  }
  return {
    news: () => news,
    scrollBack: scrollBack.read,
    listen: (listener) => {
      listeners.add(listener)
      clearTimeout(linger)
      if (!held && news.state !== 'in-use') void connect(false)
      return () => {
        if (!listeners.delete(listener) || listeners.size > 0 || isClosed) return
        linger = setTimeout(() => void close().then(onIdle), lingerMs)
      }
    },
    write: (bytes) => held?.write(bytes),
    sendBreak: () => held?.sendBreak(),
    takeOver: () => void connect(true),
    close,
    end: async (why) => {
      const closed = close()
      tell({ state: 'failed', message: why })
      await closed
    },
  }
}

/** What it means that the console could not be opened. */
function describeRefusal(error: unknown): ConsoleNews {
  if (!(error instanceof BmcAttemptError))
    return { state: 'waiting', message: 'The edge failed at it: its log says why.' }
  const { attempts } = error
  const busy = attempts.find(({ reason }) => reason === 'console-in-use')
  if (busy) return { state: 'in-use', message: busy.message }
  const telling = attempts.find(({ reason }) => reason !== 'not-supported') ?? attempts[0]
  const isFinal = attempts.every(({ reason }) => finalReasons.includes(reason))
  return { state: isFinal ? 'failed' : 'waiting', message: telling?.message ?? error.message }
}
