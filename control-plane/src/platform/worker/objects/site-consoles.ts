import type { Deps } from '../../../deps.ts'
import type { ConsoleSocket } from '../../../features/consoles/pipe.ts'
import { startConsoleWatch } from '../../../features/consoles/watch.ts'
import { createSocketCount } from '../../../sockets.ts'
import { restoreOrigin, type SocketRequest } from './sockets.ts'

type Asked<K extends SocketRequest['kind']> = Extract<SocketRequest, { kind: K }>

/**
 * The ends of a site's consoles. They do not sleep: while somebody looks, bytes flow. After an eviction both sides
 * connect anew.
 */
export interface SiteConsoles {
  /** Null when the person has too many already. */
  openWatch(deps: Deps, asked: Asked<'console'>): Response | null
  openEdgeSide(deps: Deps, asked: Asked<'edge-console'>): Response
}

export function createSiteConsoles(): SiteConsoles {
  const count = createSocketCount()
  return {
    openWatch(deps, { person, origin, machineId, most }) {
      if (count.of(person.userId) >= most) return null
      const { client, server } = openPair()
      count.add(person.userId)
      const watch = startConsoleWatch(deps, person, machineId, restoreOrigin(origin), wrap(server))
      listen(server, watch.handleMessage, () => {
        count.remove(person.userId)
        watch.end()
      })
      return new Response(null, { status: 101, webSocket: client })
    },
    openEdgeSide(deps, { edge, consoleId }) {
      const { client, server } = openPair()
      const side = deps.consoles.attach(consoleId, edge, wrap(server))
      if (side) listen(server, side.handleMessage, side.handleClose)
      else server.close(4404, 'nobody asked for this console')
      return new Response(null, { status: 101, webSocket: client })
    },
  }
}

function openPair(): { client: WebSocket; server: WebSocket } {
  const { 0: client, 1: server } = new WebSocketPair()
  server.binaryType = 'arraybuffer'
  server.accept()
  return { client, server }
}

function listen(socket: WebSocket, onMessage: (data: unknown) => void, onGone: () => void): void {
  let isGone = false
  const leave = () => {
    if (!isGone) onGone()
    isGone = true
  }
  socket.addEventListener('message', ({ data }) => onMessage(data))
  socket.addEventListener('close', leave)
  socket.addEventListener('error', leave)
}

/** How much has not left yet can't be known here: the runtime ends a connection that takes nothing. */
function wrap(socket: WebSocket): ConsoleSocket {
  const isOpen = () => socket.readyState === WebSocket.OPEN
  return {
    send: (data) => {
      if (isOpen()) socket.send(data)
    },
    close: (code, reason) => {
      if (isOpen()) socket.close(code, reason)
    },
    unsentBytes: () => 0,
  }
}
