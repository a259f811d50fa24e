import type { ConsoleNews } from '@dragonfly/schema/api'
import {
  type ControlConsoleFrame,
  edgeConsoleFrameSchema,
  maxConsoleFrameBytes,
  maxTypedBytes,
  scrollBackBytes,
} from '@dragonfly/schema/wire'

/** The least that a console needs of a WebSocket. */
export interface ConsoleSocket {
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code: number, reason: string): void
  /** What was sent and has not left yet: it grows when the other end is slow, or gone. */
  unsentBytes(): number
}

export interface Watcher {
  name: string
  socket: ConsoleSocket
}

type PipeState = Omit<Extract<ConsoleNews, { type: 'state' }>, 'type'>

/** One machine's console: one edge side, many who look on, one of them at the keyboard. Bytes are passed, never kept long. */
export interface ConsolePipe {
  /** The edge's socket; one that was there before is closed. */
  attach(edge: ConsoleSocket): EdgeSide
  /** Closes the edge's socket, if there is one. */
  detach(reason: string): void
  join(watcher: Watcher): void
  leave(watcher: Watcher): void
  /** False when they may not; the refusal is told to all. */
  takeKeyboard(watcher: Watcher): boolean
  releaseKeyboard(watcher: Watcher): void
  /** False when it was dropped: they don't have the keyboard, or the line is stuck. */
  type(watcher: Watcher, bytes: Uint8Array<ArrayBuffer>): boolean
  sendBreak(watcher: Watcher): boolean
  takeOver(): void
  /** Why nobody may type; whoever does loses the keyboard. */
  refuseKeyboard(reason: string | null): void
  setState(state: PipeState): void
  isAttached(): boolean
  watcherCount(): number
  /** Closes every socket. */
  close(code: number, reason: string): void
}

export interface EdgeSide {
  handleMessage(data: unknown): void
  handleClose(): void
}

/** Whoever is further behind is cut off: they connect again, and get the scroll-back. */
const maxUnsentBytes = 512 * 1024
/** What is typed and not taken by the edge; more is dropped. */
const maxUntakenBytes = 64 * 1024

export function createConsolePipe(onLost: () => void): ConsolePipe {
  const watchers = new Set<Watcher>()
  let edge: ConsoleSocket | null = null
  let keyboard: Watcher | null = null
  let refusal: string | null = null
  let state: PipeState = { state: 'opening', message: null }
  let scrollBack: Uint8Array<ArrayBuffer>[] = []
  let scrollBackSize = 0

  const tell = (watcher: Watcher, news: ConsoleNews): void => watcher.socket.send(JSON.stringify(news))
  const pass = (watcher: Watcher, bytes: Uint8Array<ArrayBuffer>): void => {
    if (watcher.socket.unsentBytes() <= maxUnsentBytes) watcher.socket.send(bytes)
    else {
      leave(watcher)
      watcher.socket.close(1013, 'too slow')
    }
  }
  const tellKeyboard = (): void => {
    for (const watcher of watchers) {
      const isMine = watcher === keyboard
      const holder = keyboard?.name ?? null
      tell(watcher, { type: 'keyboard', holder, isMine, watchers: watchers.size, refusal })
    }
  }
  const setState = (next: PipeState): void => {
    state = next
    for (const watcher of watchers) tell(watcher, { type: 'state', ...state })
  }
  const keep = (bytes: Uint8Array<ArrayBuffer>): void => {
    scrollBack.push(bytes)
    scrollBackSize += bytes.length
    while (scrollBackSize - (scrollBack[0]?.length ?? 0) >= scrollBackBytes)
      scrollBackSize -= scrollBack.shift()?.length ?? 0
  }
  const take = (data: unknown): boolean => {
    if (typeof data === 'string') {
      const frame = parseEdgeFrame(data)
      if (frame) setState({ state: frame.state, message: frame.message })
      return true
    }
    if (!(data instanceof ArrayBuffer) || data.byteLength > maxConsoleFrameBytes) return false
    const bytes = new Uint8Array(data)
    keep(bytes)
    for (const watcher of [...watchers]) pass(watcher, bytes)
    return true
  }
  const leave = (watcher: Watcher): void => {
    if (!watchers.delete(watcher)) return
    if (keyboard === watcher) keyboard = null
    tellKeyboard()
  }
  const command = (frame: ControlConsoleFrame): void => edge?.send(JSON.stringify(frame))
  return {
    attach: (socket) => {
      edge?.close(1000, 'replaced')
      edge = socket
      scrollBack = []
      scrollBackSize = 0
      for (const watcher of watchers) tell(watcher, { type: 'reset' })
      const lose = (): void => {
        if (edge !== socket) return
        edge = null
        onLost()
      }
      return {
        handleMessage: (data) => {
          if (edge !== socket || take(data)) return
          socket.close(1009, 'frame too large')
          lose()
        },
        handleClose: lose,
      }
    },
    detach: (reason) => {
      if (!edge) return
      edge.close(1000, reason)
      edge = null
      onLost()
    },
    join: (watcher) => {
      watchers.add(watcher)
      tell(watcher, { type: 'reset' })
      tell(watcher, { type: 'state', ...state })
      for (const bytes of scrollBack) pass(watcher, bytes)
      tellKeyboard()
    },
    leave,
    takeKeyboard: (watcher) => {
      const isGiven = refusal === null && watchers.has(watcher)
      if (isGiven) keyboard = watcher
      tellKeyboard()
      return isGiven
    },
    releaseKeyboard: (watcher) => {
      if (keyboard === watcher) keyboard = null
      tellKeyboard()
    },
    type: (watcher, bytes) => {
      const isTaken =
        keyboard === watcher &&
        edge !== null &&
        bytes.length <= maxTypedBytes &&
        edge.unsentBytes() <= maxUntakenBytes
      if (isTaken) edge?.send(bytes)
      return isTaken
    },
    sendBreak: (watcher) => {
      if (keyboard !== watcher || edge === null) return false
      command({ type: 'break' })
      return true
    },
    takeOver: () => command({ type: 'take-over' }),
    refuseKeyboard: (reason) => {
      if (reason === refusal) return
      refusal = reason
      if (reason !== null) keyboard = null
      tellKeyboard()
    },
    setState,
    isAttached: () => edge !== null,
    watcherCount: () => watchers.size,
    close: (code, reason) => {
      edge?.close(1000, reason)
      edge = null
      for (const { socket } of watchers) socket.close(code, reason)
      watchers.clear()
      keyboard = null
    },
  }
}

/** Null for what is not understood: a newer edge may say more. */
function parseEdgeFrame(text: string) {
  try {
    return edgeConsoleFrameSchema.parse(JSON.parse(text))
  } catch {
    return null
  }
}
