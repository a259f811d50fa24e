import { createSocket, type Socket } from 'node:dgram'
import type { OpenUdpSocket, UdpHandlers, UdpSocket, UdpSocketOptions } from '../ports/udp.ts'
import type { DeviceSockets } from './device-socket.ts'

/** UDP over Node's dgram, IPv4. Where there are no device sockets, `device` says nothing. */
export function createUdpOpener(devices?: DeviceSockets): OpenUdpSocket {
  return (options, handlers) => openUdpSocket(options, handlers, devices)
}

export const openNodeUdpSocket = createUdpOpener()

async function openUdpSocket(
  options: UdpSocketOptions,
  handlers: UdpHandlers,
  devices: DeviceSockets | undefined,
): Promise<UdpSocket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: options.shared ?? false })
  try {
    await bind(socket, options, devices)
  } catch (error) {
    closeQuietly(socket)
    throw error
  }
  listen(socket, handlers)
  return {
    send: (parts, to) => {
      const report = (error: Error | null) => {
        if (error) handlers.error(error)
      }
      try {
        if (to) socket.send(parts, to.port, to.address, report)
        else socket.send(parts, report)
      } catch (error) {
        handlers.error(error instanceof Error ? error : new Error(String(error)))
      }
    },
    close: () => closeQuietly(socket),
  }
}

async function bind(socket: Socket, options: UdpSocketOptions, devices?: DeviceSockets): Promise<void> {
  const { address, port, device, shared = false } = options
  if (device !== undefined && devices) {
    const fd = devices.open({ device, address, port, shared })
    await settle(socket, (done) => socket.bind({ fd }, done))
  } else await settle(socket, (done) => socket.bind(port, address, done))
  if (options.broadcast) socket.setBroadcast(true)
  const { peer } = options
  if (peer) await settle(socket, (done) => socket.connect(peer.port, peer.address, done))
}

/** Runs one step of setting up, which ends with its callback or with the socket's error. */
function settle(socket: Socket, step: (done: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    step(() => {
      socket.off('error', reject)
      resolve()
    })
  })
}

function listen(socket: Socket, handlers: UdpHandlers): void {
  socket.on('error', handlers.error)
  socket.on('message', (bytes, { address, port }) => handlers.packet(bytes, { address, port }))
}

function closeQuietly(socket: Socket): void {
  try {
    socket.close()
  } catch {
    // It is closed already.
  }
}
