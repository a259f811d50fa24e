import { createSocket, type Socket } from 'node:dgram'
import type { OpenUdpSocket, UdpHandlers, UdpSocket, UdpSocketOptions } from '../ports/udp.ts'

/** UDP over Node's dgram, IPv4. It knows no devices: `device` says nothing. */
export const openNodeUdpSocket: OpenUdpSocket = async (options, handlers) => {
  const socket = createDatagramSocket(options.shared ?? false)
  const { address, port } = options
  await bindSocket(socket, options, (done) => socket.bind(port, address, done))
  socket.on('error', handlers.error)
  socket.on('message', (bytes, { address, port }) => handlers.packet(bytes, { address, port }))
  const send = createPlainSend(socket, handlers)
  return {
    send,
    sendRun: ({ headers, headerBytes, body, pieceBytes, count }, to) => {
      for (let index = 0; index < count; index++) {
        const header = headers.subarray(index * headerBytes, (index + 1) * headerBytes)
        send([header, body.subarray(index * pieceBytes, (index + 1) * pieceBytes)], to)
      }
    },
    close: () => closeQuietly(socket),
  }
}

export function createDatagramSocket(shared: boolean): Socket {
  return createSocket({
    type: 'udp4',
    reuseAddr: shared,
    // All peers are addresses already; Node's own look-up would take a turn of the loop for each packet.
    lookup: (name, _, done) => done(null, name, 4),
  })
}

/** Runs the bind; a socket that could not be bound is closed. */
export async function bindSocket(
  socket: Socket,
  options: UdpSocketOptions,
  bind: (done: () => void) => void,
): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      bind(() => {
        socket.off('error', reject)
        resolve()
      })
    })
    if (options.broadcast) socket.setBroadcast(true)
  } catch (error) {
    closeQuietly(socket)
    throw error
  }
}

function createPlainSend(socket: Socket, handlers: UdpHandlers): UdpSocket['send'] {
  const report = (error: Error | null) => {
    if (error) handlers.error(error)
  }
  return (parts, to) => {
    try {
      socket.send(parts, to.port, to.address, report)
    } catch (error) {
      handlers.error(error instanceof Error ? error : new Error(String(error)))
    }
  }
}

export function closeQuietly(socket: Socket): void {
  try {
    socket.close()
  } catch {
    // It is closed already.
  }
}
