import type { WebSocket, WebSocketServer } from 'ws'

const beatMs = 30_000

/**
 * Pings every WebSocket, and cuts those that did not answer the ping before (RFC 6455 section 5.5.2): a laptop that
 * went to sleep, or a peer that never reads, is not kept for ever. Returns what ends it.
 */
export function startHeartbeat(sockets: WebSocketServer, everyMs = beatMs): () => void {
  const waitedFor = new WeakSet<WebSocket>()
  const onConnection = (socket: WebSocket) => socket.on('pong', () => void waitedFor.delete(socket))
  sockets.on('connection', onConnection)
  const timer = setInterval(() => {
    for (const socket of sockets.clients) {
      if (waitedFor.has(socket)) socket.terminate()
      else {
        waitedFor.add(socket)
        socket.ping()
      }
    }
  }, everyMs)
  timer.unref()
  return () => {
    clearInterval(timer)
    sockets.off('connection', onConnection)
  }
}
