import { createServer, type Server } from 'node:http'
import { anyAddress } from '../../codec/ipv4.ts'
import type { OpenUdpSocket, UdpSocket } from '../../ports/udp.ts'
import type { FromBootResponder } from '../../protocol/boot-messages.ts'
import {
  type BootInterface,
  type BootView,
  type IndexedBootView,
  indexBootView,
} from '../../protocol/boot-view.ts'
import { createBootFiles } from './boot-files.ts'
import type { BootContext, BootPorts } from './context.ts'
import { createCounters } from './counters.ts'
import { handleDhcpPacket } from './dhcp-service.ts'
import { createEventLimit } from './event-limit.ts'
import { createHttpHandler } from './http-service.ts'
import { createListeners, type ListenerSpec } from './listeners.ts'
import { createTftpService } from './tftp-service.ts'

export interface BootResponderOptions {
  ports: BootPorts
  openUdpSocket: OpenUdpSocket
  now: () => number
  post: (message: FromBootResponder) => void
  debug: (text: string) => void
  listenRetryMs: number
}

export interface BootResponder {
  /** Takes a view; resolves when its listeners were tried, after `ready` was posted. */
  setView: (view: BootView) => Promise<void>
  hasView: () => boolean
  postStats: () => void
  close: () => Promise<void>
}

/** Joins DHCP, TFTP and HTTP over one view that is replaced as a whole. */
export function createBootResponder(options: BootResponderOptions): BootResponder {
  const counters = createCounters()
  const mayReport = createEventLimit({ perSecond: 200, burst: 1000, now: options.now })
  let index: IndexedBootView | undefined
  const context: BootContext = {
    ports: options.ports,
    index: () => {
      if (!index) throw new Error('asked before there was a view')
      return index
    },
    files: createBootFiles(),
    counters,
    openUdpSocket: options.openUdpSocket,
    now: options.now,
    debug: options.debug,
    report: (event) => {
      if (mayReport()) options.post({ type: 'event', event })
      else counters.increment('events_dropped')
    },
  }
  const tftp = createTftpService(context)
  const listeners = createListeners({
    retryMs: options.listenRetryMs,
    onProblem: (problem) => options.post({ type: 'problem', ...problem }),
    onCleared: (about) => options.post({ type: 'problem-cleared', about }),
  })
  const senders = new Map<string, UdpSocket>()

  return {
    setView: async (view) => {
      index = indexBootView(view)
      await listeners.reconcile(wantedListeners(index.served, context, senders, tftp))
      const { generation, version } = view
      options.post({ type: 'ready', generation, version, listeners: listeners.open() })
    },
    hasView: () => index !== undefined,
    postStats: () => options.post({ type: 'stats', counters: counters.snapshot() }),
    close: async () => {
      await listeners.reconcile([])
      tftp.close()
    },
  }
}

/** One socket that hears broadcasts for all, and for each served interface its own, which also choose the way out. */
function wantedListeners(
  served: readonly BootInterface[],
  context: BootContext,
  senders: Map<string, UdpSocket>,
  tftp: ReturnType<typeof createTftpService>,
): ListenerSpec[] {
  if (served.length === 0) return []
  const each = served.flatMap((entry) => [
    dhcpListener(entry, context, senders),
    bootServerListener(entry, context),
    tftpListener(entry, context, tftp),
    httpListener(entry, context),
  ])
  return [broadcastListener(context, senders), ...each]
}

function broadcastListener(context: BootContext, senders: Map<string, UdpSocket>): ListenerSpec {
  const port = context.ports.dhcpServer
  return {
    name: `UDP ${anyAddress}:${port}`,
    open: (onFailure) =>
      context.openUdpSocket(
        { address: anyAddress, port, shared: true },
        {
          error: onFailure,
          packet: (bytes, from) =>
            handleDhcpPacket(
              bytes,
              {
                service: 'dhcp',
                from,
                interfaces: context.index().served,
                socketFor: (entry) => senders.get(entry.address),
              },
              context,
            ),
        },
      ),
  }
}

/** Hears what is sent to this address (relays), and sends all of this interface's answers. */
function dhcpListener(
  entry: BootInterface,
  context: BootContext,
  senders: Map<string, UdpSocket>,
): ListenerSpec {
  const { address } = entry
  const port = context.ports.dhcpServer
  return {
    name: `UDP ${address}:${port}`,
    open: async (onFailure) => {
      const socket = await context.openUdpSocket(
        { address, port, shared: true, broadcast: true },
        {
          error: dropTransient(onFailure, context),
          packet: (bytes, from) =>
            handleDhcpPacket(bytes, { service: 'dhcp', from, interfaces: [entry], socketFor }, context),
        },
      )
      const socketFor = () => socket
      senders.set(address, socket)
      return {
        close: () => {
          senders.delete(address)
          socket.close()
        },
      }
    },
  }
}

function bootServerListener(entry: BootInterface, context: BootContext): ListenerSpec {
  const { address } = entry
  const port = context.ports.bootServer
  return {
    name: `UDP ${address}:${port}`,
    open: async (onFailure) => {
      const socket: UdpSocket = await context.openUdpSocket(
        { address, port },
        {
          error: dropTransient(onFailure, context),
          packet: (bytes, from) =>
            handleDhcpPacket(
              bytes,
              { service: 'boot-server', from, interfaces: [entry], socketFor: () => socket },
              context,
            ),
        },
      )
      return socket
    },
  }
}

function tftpListener(
  entry: BootInterface,
  context: BootContext,
  tftp: ReturnType<typeof createTftpService>,
): ListenerSpec {
  const { address } = entry
  const port = context.ports.tftp
  return {
    name: `UDP ${address}:${port}`,
    open: async (onFailure) => {
      const socket: UdpSocket = await context.openUdpSocket(
        { address, port },
        {
          error: dropTransient(onFailure, context),
          packet: (bytes, from) => tftp.handle(bytes, from, address, socket),
        },
      )
      return socket
    },
  }
}

function httpListener(entry: BootInterface, context: BootContext): ListenerSpec {
  const { address } = entry
  const port = context.ports.bootHttp
  return {
    name: `TCP ${address}:${port}`,
    open: async (onFailure) => {
      const handle = createHttpHandler(address, context)
      const server = createServer((request, response) => {
        handle(request, response).catch((error: unknown) => {
          context.debug(`http: ${String(error)}`)
          response.destroy()
        })
      })
      server.maxConnections = 4096
      await listen(server, port, address)
      server.on('error', onFailure)
      return {
        close: () => {
          server.close()
          server.closeAllConnections()
        },
      }
    },
  }
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, address, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** One packet that could not be sent says nothing about the socket. */
function dropTransient(onFailure: (error: Error) => void, context: BootContext): (error: Error) => void {
  const transient = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'ENOBUFS', 'EINVAL'])
  return (error) => {
    if (!('code' in error) || !transient.has(String(error.code))) return onFailure(error)
    context.counters.increment('send_failures', { code: String(error.code) })
    context.debug(`send: ${error.message}`)
  }
}
