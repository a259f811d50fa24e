import { WebSocket } from 'ws'
import type { LinkSocket, LinkSocketEvents } from './link.ts'

/** Room for a plan with several full seeds. */
const maxPayload = 8 * 1024 * 1024

export function connectWebSocket(url: string, events: LinkSocketEvents): LinkSocket {
  const socket = new WebSocket(url, { handshakeTimeout: 10_000, maxPayload, perMessageDeflate: false })
  let reason = 'the connection was closed'
  socket.on('open', () => events.onOpen())
  socket.on('message', (data, isBinary) => {
    if (!isBinary) events.onText(data.toString())
  })
  socket.on('error', (error) => {
    reason = error.message
  })
  socket.on('close', () => events.onClose(reason))
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text)
    },
    terminate: () => socket.terminate(),
    get bufferedBytes() {
      return socket.bufferedAmount
    },
  }
}
