import { edgeLostAfterMs } from '@dragonfly/schema/wire'
import type { Deps, EdgeIdentity } from '../deps.ts'
import type { LocalConnections, LocalTunnel } from '../ports/index.ts'
import { handleEnd, handleMessage, refuseMessage } from './handle-frame.ts'
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

/** Holds one edge's tunnel in this process, for as long as it is open. Its frames are handled one after the other. */
export function createEdgeSession(
  deps: Deps,
  connections: LocalConnections,
  edge: EdgeIdentity,
  socket: TunnelSocket,
): EdgeSession {
  let isClosed = false
  let waiting = { frames: 0, bytes: 0 }
  let queue: Promise<void> = Promise.resolve()
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

  return {
    settled: () => queue,
    handleClose,
    handleMessage(data) {
      if (isClosed) return
      const refusal = refuseMessage(data)
      if (refusal) return close(refusal.code, refusal.reason)
      const text = String(data)
      if (waiting.frames >= maxWaitingFrames || waiting.bytes + text.length > maxWaitingBytes)
        return close(closeCodes.slow, 'too many frames at once')
      waiting = { frames: waiting.frames + 1, bytes: waiting.bytes + text.length }
      queue = queue
        .then(() => handleMessage(deps, tunnel, text))
        .catch((error: unknown) => {
          deps.log.error('an edge’s message could not be handled', { ...edge, error })
          close(closeCodes.failed, 'internal error')
        })
        .finally(() => {
          waiting = { frames: waiting.frames - 1, bytes: waiting.bytes - text.length }
        })
    },
  }
}
