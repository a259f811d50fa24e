import type { Context } from 'hono'
import type { AppEnv, EdgeIdentity, Person } from './deps.ts'
import { AppError } from './errors.ts'

/**
 * Opens WebSockets, in this process or wherever they are to end. Whoever asks was let in before: what opens them
 * looks at nobody's rights, and asks for an upgrade (`requireUpgrade`).
 */
export interface Sockets {
  openTunnel(c: Context<AppEnv>, edge: EdgeIdentity): Promise<Response>
  openEvents(c: Context<AppEnv>, person: Person): Promise<Response>
  openConsole(
    c: Context<AppEnv>,
    person: Person,
    machine: { machineId: string; siteId: string },
  ): Promise<Response>
  openEdgeConsole(c: Context<AppEnv>, edge: EdgeIdentity, consoleId: string): Promise<Response>
}

/** What opens WebSockets on this platform; 426 when the request does not ask for one. */
export function requireUpgrade(c: Context<AppEnv>): Sockets {
  if (c.req.header('upgrade')?.toLowerCase() !== 'websocket') {
    throw new AppError({
      code: 'upgrade-required',
      status: 426,
      message: 'Open this address as a WebSocket.',
    })
  }
  return c.get('deps').sockets
}

/** How many sockets each person has open; a page that opens them without end is stopped here. */
export interface SocketCount {
  of(userId: string): number
  /** Refuses one more than `most`. */
  require(userId: string, most: number, message: string): void
  add(userId: string): void
  remove(userId: string): void
}

export function createSocketCount(): SocketCount {
  const open = new Map<string, number>()
  return {
    of: (userId) => open.get(userId) ?? 0,
    require: (userId, most, message) => {
      if ((open.get(userId) ?? 0) >= most)
        throw new AppError({ code: 'too-many-sockets', status: 429, message })
    },
    add: (userId) => void open.set(userId, (open.get(userId) ?? 0) + 1),
    remove: (userId) => {
      const left = (open.get(userId) ?? 0) - 1
      if (left > 0) open.set(userId, left)
      else open.delete(userId)
    },
  }
}
