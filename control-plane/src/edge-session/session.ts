import { edgeLostAfterMs } from '@dragonfly/schema/wire'
import type { Deps, EdgeIdentity } from '../deps.ts'
import type { LocalConnections, LocalTunnel } from '../ports/index.ts'
import { handleEnd, handleMessages, refuseMessage } from './handle-frame.ts'
import {
  closeCodes,
  freshTunnel,
  helloTimeoutMs,
  maxWaitingBytes,
  maxWaitingFrames,
  type Tunnel,
} from './tunnel.ts'

/** The least that a session needs of a WebSocket. */
export interface TunnelSocket {
  send(text: string): void
  close(code: number, reason: string): void
}

export interface EdgeSession {
  handleMessage(data: unknown): void
  handleClose(): void
  /** Resolves when what has come is handled. */
  settled(): Promise<void>
}

/** Messages that are handled as one. */
const mostAtOnce = 32

/** Holds one edge's tunnel in this process, for as long as it is open. Its frames are handled one after the other. */
export function createEdgeSession(
  deps: Deps,
  connections: LocalConnections,
  edge: EdgeIdentity,
  socket: TunnelSocket,
): EdgeSession {
  let isClosed = false
  const waiting: string[] = []
  let waitingBytes = 0
  let isAtWork = false
  let working: Promise<void> = Promise.resolve()
  let state = freshTunnel
  let silence = setTimeout(() => close(closeCodes.slow, 'no hello'), helloTimeoutMs)

  const tunnel: Tunnel = {
    edge,
    state: () => state,
    keep: (next) => {
      state = next
    },
    heard: () => {
      clearTimeout(silence)
      silence = setTimeout(() => close(closeCodes.slow, 'silent for too long'), edgeLostAfterMs)
    },
    admit: () => connections.add(registered),
    isClosed: () => isClosed,
    send: (frame) => {
      if (!isClosed) socket.send(JSON.stringify(frame))
    },
    close,
  }
  const registered: LocalTunnel = {
    ...edge,
    get commands() {
      return state.commands
    },
    send: tunnel.send,
    close: (reason) => close(closeCodes.revoked, reason),
  }

  function close(code: number, reason: string): void {
    if (isClosed) return
    socket.close(code, reason)
    handleClose()
  }

  function handleClose(): void {
    if (isClosed) return
    isClosed = true
    clearTimeout(silence)
    connections.remove(registered)
    handleEnd(deps, tunnel)
  }

  async function work(): Promise<void> {
    isAtWork = true
    while (waiting.length > 0 && !isClosed) {
      const texts = waiting.slice(0, mostAtOnce)
      try {
        await handleMessages(deps, tunnel, texts)
      } catch (error) {
        deps.log.error('an edge’s message could not be handled', { ...edge, error })
        close(closeCodes.failed, 'internal error')
      }
      waiting.splice(0, texts.length)
      waitingBytes -= texts.reduce((sum, text) => sum + text.length, 0)
    }
    isAtWork = false
  }

  return {
    settled: () => working,
    handleClose,
    handleMessage(data) {
      if (isClosed) return
      const refusal = refuseMessage(data)
      if (refusal) return close(refusal.code, refusal.reason)
      const text = String(data)
      if (waiting.length >= maxWaitingFrames || waitingBytes + text.length > maxWaitingBytes)
        return close(closeCodes.slow, 'too many frames at once')
      waiting.push(text)
      waitingBytes += text.length
      if (!isAtWork) working = work()
    },
  }
}
