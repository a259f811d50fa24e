import type { UpgradeWebSocket, WSContext } from 'hono/ws'
import { createEdgeSession, type EdgeSession } from '../../edge-session/session.ts'
import type { ConsoleSocket, EdgeSide } from '../../features/consoles/pipe.ts'
import {
  type ConsoleWatch,
  maxConsolesPerPerson,
  startConsoleWatch,
  tooManyConsoles,
} from '../../features/consoles/watch.ts'
import { maxSocketsPerPerson, startFeed, tooManySockets } from '../../features/events/feed.ts'
import type { LocalConnections } from '../../ports/index.ts'
import { createSocketCount, type Sockets } from '../../sockets.ts'

/** Every WebSocket ends in this process. */
export interface NodeSockets extends Sockets {
  /** Resolves when what edges have sent is handled: those whose tunnel has ended, too. */
  settled(): Promise<void>
}

export function createSockets(upgrade: UpgradeWebSocket, connections: LocalConnections): NodeSockets {
  const busy = new Set<Promise<void>>()
  return {
    settled: async () => void (await Promise.all(busy)),
    openTunnel: createTunnelOpener(upgrade, connections, busy),
    openEvents: createEventsOpener(upgrade),
    openConsole: createConsoleOpener(upgrade),
    openEdgeConsole: createEdgeConsoleOpener(upgrade),
  }
}

function createTunnelOpener(
  upgrade: UpgradeWebSocket,
  connections: LocalConnections,
  busy: Set<Promise<void>>,
): Sockets['openTunnel'] {
  return (c, edge) => {
    const deps = c.get('deps')
    let session: EdgeSession | null = null
    const end = () => {
      if (!session) return
      session.handleClose()
      const settled = session.settled().finally(() => busy.delete(settled))
      busy.add(settled)
      session = null
    }
    return upgrade(c, {
      onOpen(_event, socket) {
        session = createEdgeSession(deps, connections, edge, {
          send: (text) => socket.send(text),
          close: (code, reason) => socket.close(code, reason),
        })
      },
      onMessage: (event) => session?.handleMessage(event.data),
      onClose: end,
      onError: end,
    })
  }
}

function createEventsOpener(upgrade: UpgradeWebSocket): Sockets['openEvents'] {
  const count = createSocketCount()
  return async (c, person) => {
    const deps = c.get('deps')
    const from = { headers: c.req.raw.headers, address: c.get('clientAddress') }
    count.require(person.userId, maxSocketsPerPerson, tooManySockets)
    let end: (() => void) | null = null
    const leave = () => {
      if (!end) return
      end()
      end = null
      count.remove(person.userId)
    }
    return upgrade(c, {
      onOpen(_event, socket) {
        count.add(person.userId)
        end = startFeed(deps, person, from, {
          send: (event) => socket.send(JSON.stringify(event)),
          close: (code, reason) => socket.close(code, reason),
          unsentBytes: () => unsentBytes(socket),
        })
      },
      onClose: leave,
      onError: leave,
    })
  }
}

function createConsoleOpener(upgrade: UpgradeWebSocket): Sockets['openConsole'] {
  const count = createSocketCount()
  return async (c, person, { machineId }) => {
    const deps = c.get('deps')
    const from = { headers: c.req.raw.headers, address: c.get('clientAddress') }
    count.require(person.userId, maxConsolesPerPerson, tooManyConsoles)
    let watch: ConsoleWatch | null = null
    const leave = () => {
      if (!watch) return
      watch.end()
      watch = null
      count.remove(person.userId)
    }
    return upgrade(c, {
      onOpen(_event, socket) {
        count.add(person.userId)
        watch = startConsoleWatch(deps, person, machineId, from, wrap(socket))
      },
      onMessage: ({ data }) => watch?.handleMessage(data),
      onClose: leave,
      onError: leave,
    })
  }
}

function createEdgeConsoleOpener(upgrade: UpgradeWebSocket): Sockets['openEdgeConsole'] {
  return (c, edge, consoleId) => {
    const { consoles } = c.get('deps')
    let side: EdgeSide | null = null
    return upgrade(c, {
      onOpen(_event, socket) {
        side = consoles.attach(consoleId, edge, wrap(socket))
        if (!side) socket.close(4404, 'nobody asked for this console')
      },
      onMessage: ({ data }) => side?.handleMessage(data),
      onClose: () => side?.handleClose(),
      onError: () => side?.handleClose(),
    })
  }
}

function wrap(socket: WSContext): ConsoleSocket {
  return {
    send: (data) => socket.send(data),
    close: (code, reason) => socket.close(code, reason),
    unsentBytes: () => unsentBytes(socket),
  }
}

function unsentBytes(socket: WSContext): number {
  return (socket.raw as { bufferedAmount?: number } | undefined)?.bufferedAmount ?? 0
}
