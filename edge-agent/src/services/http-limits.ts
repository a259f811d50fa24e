import type { Server, ServerOptions } from 'node:http'

/** For the servers that anybody on the LAN reaches: how long a client may take for what. */
export const httpTimeouts = {
  /** A request's head, and all of it. */
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 2000,
  /** Between two requests. */
  keepAliveTimeout: 30_000,
} satisfies ServerOptions

/** Nothing at all was sent or received for so long: for what the other limits do not see. */
const idleMs = 60_000

export function limitConnections(server: Server, mostConnections: number, onMalformed: () => void): void {
  server.maxConnections = mostConnections
  server.setTimeout(idleMs)
  // An answer to nonsense, and the end of it.
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code?.startsWith('HPE_')) onMalformed()
    if (socket.writable)
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    else socket.destroy()
  })
}
