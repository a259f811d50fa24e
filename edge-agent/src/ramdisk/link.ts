import type { AgentFrame, EdgeToAgentFrame } from '@dragonfly/schema/wire'

export interface LinkSocket {
  send(text: string): void
  /** Ends the connection without waiting for the other side. */
  terminate(): void
  /** Bytes that wait to be sent. */
  readonly bufferedBytes: number
}
export interface LinkSocketEvents {
  onOpen(): void
  onText(text: string): void
  /** Once, also when the connection could not be made. */
  onClose(reason: string): void
}

export interface LinkTimes {
  pingMs: number
  deadMs: number
  backoffMs: readonly number[]
  refusedRetryMs: number
  refusedLimitMs: number
}

export const linkTimes: LinkTimes = {
  pingMs: 10_000,
  deadMs: 30_000,
  backoffMs: [100, 250, 500, 1000, 2000, 5000],
  refusedRetryMs: 10_000,
  refusedLimitMs: 600_000,
}

export interface LinkDeps {
  connect(events: LinkSocketEvents): LinkSocket
  now(): number
  /** Between 0 and 1: spreads the reconnects of a rack that lost its edge. */
  random(): number
  hello(session: string | null): AgentFrame
  /** Null for a frame that is not one; it is dropped. */
  parse(text: string): Promise<EdgeToAgentFrame | null>
  onFrame(frame: EdgeToAgentFrame): void
  onLost(reason: string): void
  /** A ping was sent; each `pong` frame answers the oldest one. */
  onPing(): void
  /** The edge has refused this boot for `refusedLimitMs`. */
  onGiveUp(): void
  times?: LinkTimes
}

export interface Link {
  /** False when there is no welcomed connection, or it does not keep up: the frame is not sent. */
  send(frame: AgentFrame): boolean
  /** Whether `send` would send. */
  ready(): boolean
  close(): void
}

const maxBufferedBytes = 4 * 1024 * 1024

/**
 * Keeps one connection to the edge, for ever: never two at once, and each starts with hello. `refused` is not
 * final, since an edge that restarts may not know this boot's token yet.
 */
export function createLink(deps: LinkDeps): Link {
  const times = deps.times ?? linkTimes
  let socket: LinkSocket | null = null
  let welcomed = false
  let session: string | null = null
  let failures = 0
  let refusedSinceMs: number | null = null
  let heardMs = 0
  let closed = false
  let retry: NodeJS.Timeout | undefined
  let pinger: NodeJS.Timeout | undefined

  function open(): void {
    let over = false
    let texts = Promise.resolve()
    heardMs = deps.now()
    const current = deps.connect({
      onOpen() {
        if (!over) current.send(JSON.stringify(deps.hello(session)))
      },
      onText(text) {
        heardMs = deps.now()
        // Frames keep their order although the first waits for the schemas to be built.
        texts = texts.then(async () => {
          const frame = await deps.parse(text)
          if (frame && !over) handle(frame)
        })
      },
      onClose(reason) {
        if (over) return
        over = true
        lose(reason)
      },
    })
    socket = current
    pinger = setInterval(() => {
      if (deps.now() - heardMs >= times.deadMs) drop('the edge fell silent')
      else if (welcomed) {
        current.send(JSON.stringify({ type: 'ping' } satisfies AgentFrame))
        deps.onPing()
      }
    }, times.pingMs)

    function drop(reason: string): void {
      if (over) return
      over = true
      current.terminate()
      lose(reason)
    }

    function handle(frame: EdgeToAgentFrame): void {
      if (frame.type === 'welcome') {
        welcomed = true
        session = frame.session
        failures = 0
        refusedSinceMs = null
      }
      if (frame.type === 'refused') {
        refusedSinceMs ??= deps.now()
        welcomed = false
      }
      deps.onFrame(frame)
      if (frame.type === 'refused') drop('refused')
    }
  }

  function lose(reason: string): void {
    clearInterval(pinger)
    socket = null
    welcomed = false
    if (closed) return
    deps.onLost(reason)
    if (refusedSinceMs !== null && deps.now() - refusedSinceMs >= times.refusedLimitMs) {
      deps.onGiveUp()
    }
    const backoff = times.backoffMs[Math.min(failures, times.backoffMs.length - 1)] ?? 5000
    const delayMs = refusedSinceMs === null ? backoff * (0.8 + 0.4 * deps.random()) : times.refusedRetryMs
    failures++
    retry = setTimeout(open, delayMs)
  }

  const ready = (): boolean => welcomed && socket !== null && socket.bufferedBytes < maxBufferedBytes
  open()
  return {
    ready,
    send(frame) {
      if (!ready()) return false
      socket?.send(JSON.stringify(frame))
      return true
    },
    close() {
      closed = true
      clearTimeout(retry)
      clearInterval(pinger)
      socket?.terminate()
      socket = null
    },
  }
}
