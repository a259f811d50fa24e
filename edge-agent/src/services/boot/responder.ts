import { createServer } from 'node:http'
import { anyAddress } from '../../codec/ipv4.ts'
import type { SendFilePart } from '../../io/file-sender.ts'
import type { OpenUdpSocket, UdpSocket } from '../../ports/udp.ts'
import type { BootEvent, BootProblem, FromBootResponder } from '../../protocol/boot-messages.ts'
import {
  type BootInterface,
  type BootView,
  type IndexedBootView,
  indexBootView,
} from '../../protocol/boot-view.ts'
import { createKnownOffers } from '../../protocol/known-offers.ts'
import { createCounters } from '../counters.ts'
import { httpTimeouts, limitConnections } from '../http-limits.ts'
import { listen } from '../http-listen.ts'
import { createBootFiles } from './boot-files.ts'
import { createConcerns } from './concerns.ts'
import type { BootContext, BootPorts } from './context.ts'
import { handleDhcpPacket } from './dhcp-service.ts'
import { createEventBatch } from './event-batch.ts'
import { createEventLimit } from './event-limit.ts'
import { createHttpHandler } from './http-service.ts'
import { createLeasing, type LeasingOptions } from './leasing.ts'
import { createListeners, type ListenerSpec } from './listeners.ts'
import { createTftpService, type TftpService } from './tftp-service.ts'

export interface BootResponderOptions {
  ports: BootPorts
  openUdpSocket: OpenUdpSocket
  sendFilePart: SendFilePart
  now: () => number
  post: (message: FromBootResponder) => void
  debug: (text: string) => void
  listenRetryMs: number
  /** The device to which an interface's sockets are bound; undefined where they cannot be. */
  deviceOf: (entry: BootInterface) => string | undefined
  leases: Pick<LeasingOptions, 'table' | 'store' | 'lookUpMac'>
}

export interface BootResponder {
  /** Takes a view; resolves when its listeners were tried, after `ready` was posted. */
  setView: (view: BootView) => Promise<void>
  hasView: () => boolean
  postStats: () => void
  /** Tells what became of leases, and what is no longer wrong. */
  tick: () => void
  close: () => Promise<void>
  /** Answers nobody any more, and goes on with what it has begun. */
  drain: () => Promise<void>
}

/** A supervisor is told of what happens within so long at once. */
const eventsEveryMs = 50

/** Joins DHCP, TFTP and HTTP over one view that is replaced as a whole. */
export function createBootResponder(options: BootResponderOptions): BootResponder {
  const counters = createCounters('boot')
  const mayReport = createEventLimit({ perSecond: 200, burst: 1000, now: options.now })
  const events = createEventBatch<BootEvent>(eventsEveryMs, (batch) =>
    options.post({ type: 'events', events: batch }),
  )
  let index: IndexedBootView | undefined
  const context: BootContext = {
    ports: options.ports,
    index: () => {
      if (!index) throw new Error('asked before there was a view')
      return index
    },
    files: createBootFiles(),
    counters,
    offers: {
      known: createKnownOffers(),
      countAnswered: counters.counter('dhcp_packets', { service: 'dhcp', outcome: 'answered' }),
    },
    leasing: () => leasing,
    openUdpSocket: options.openUdpSocket,
    sendFilePart: options.sendFilePart,
    now: options.now,
    debug: options.debug,
    isDraining: () => isDraining,
    report: (event) => {
      if (!mayReport()) return counters.increment('events_dropped')
      const told = typeof event === 'function' ? event() : event
      events.add(told)
      // What a machine fetches, it starts; and then it speaks to the supervisor itself, who must have heard of this before.
      if (told.kind !== 'dhcp') events.flush()
    },
  }
  const tftp = createTftpService(context)
  const telling = {
    onProblem: (problem: BootProblem) => options.post({ type: 'problem', ...problem }),
    onCleared: (about: string) => options.post({ type: 'problem-cleared', about }),
  }
  const listeners = createListeners({ retryMs: options.listenRetryMs, ...telling })
  const concerns = createConcerns({ now: options.now, ...telling })
  const leasing = createLeasing(context, {
    ...options.leases,
    concerns,
    onLeases: (leases) => options.post({ type: 'leases', leases }),
  })
  const senders = new Map<string, UdpSocket>()
  let areLansMixed = false
  let isDraining = false

  function tellMixedLans(areMixed: boolean): void {
    if (areMixed === areLansMixed) return
    areLansMixed = areMixed
    options.post(
      areMixed ? { type: 'problem', ...mixedLans } : { type: 'problem-cleared', about: mixedLans.about },
    )
  }

  return {
    setView: async (view) => {
      const isNewSupervisor = index?.view.generation !== view.generation
      index = indexBootView(view)
      const { served } = index
      tellMixedLans(served.length > 1 && served.some((entry) => options.deviceOf(entry) === undefined))
      await listeners.reconcile(wantedListeners(served, options.deviceOf, context, senders, tftp))
      const { generation, version } = view
      options.post({ type: 'ready', generation, version, listeners: listeners.open() })
      if (!isNewSupervisor) return
      leasing.tellAll()
      concerns.repeat()
    },
    hasView: () => index !== undefined,
    postStats: () => options.post({ type: 'stats', counters: counters.snapshot() }),
    tick: () => {
      leasing.tellChanged()
      concerns.tick()
    },
    drain: async () => {
      isDraining = true
      await listeners.reconcile([])
      events.flush()
      await options.leases.store.close()
    },
    close: async () => {
      await listeners.reconcile([])
      events.flush()
      await options.leases.store.close()
    },
  }
}

const mixedLans: BootProblem = {
  problem: 'lans-not-told-apart',
  about: 'interfaces',
  message:
    'This edge serves several networks, but cannot tell by which of them a broadcast came: each is answered on all. Install the edge with its optional package koffi (npm install without --omit=optional), on Linux.',
}

type DeviceOf = BootResponderOptions['deviceOf']

/** What every UDP listener of one interface needs. */
interface Bound {
  entry: BootInterface
  /** `{}` where its sockets hear all devices. */
  device: { device?: string }
  context: BootContext
}

/**
 * For each served interface a socket of its own that hears its broadcasts, and one with its address, which also sends.
 * Where sockets cannot be bound to a device, one hears the broadcasts of all.
 */
function wantedListeners(
  served: readonly BootInterface[],
  deviceOf: DeviceOf,
  context: BootContext,
  senders: Map<string, UdpSocket>,
  tftp: TftpService,
): ListenerSpec[] {
  const isUnbound = (entry: BootInterface) => deviceOf(entry) === undefined
  const each = served.flatMap((entry) => {
    const device = deviceOf(entry)
    const bound: Bound = { entry, device: device === undefined ? {} : { device }, context }
    return [
      ...(device === undefined
        ? []
        : [broadcastListener(device, ({ name }) => name === device, context, senders)]),
      dhcpListener(bound, senders),
      bootServerListener(bound),
      tftpListener(bound, tftp),
      httpListener(entry, context),
    ]
  })
  return served.some(isUnbound) ? [broadcastListener(undefined, isUnbound, context, senders), ...each] : each
}

function broadcastListener(
  device: string | undefined,
  isHeard: (entry: BootInterface) => boolean,
  context: BootContext,
  senders: Map<string, UdpSocket>,
): ListenerSpec {
  const port = context.ports.dhcpServer
  return {
    name: `UDP ${anyAddress}:${port}${device === undefined ? '' : ` on ${device}`}`,
    open: (onFailure) =>
      context.openUdpSocket(
        { address: anyAddress, port, shared: true, ...(device === undefined ? {} : { device }) },
        {
          error: onFailure,
          packet: (bytes, from) =>
            handleDhcpPacket(
              bytes,
              {
                service: 'dhcp',
                from,
                interfaces: context.index().served.filter(isHeard),
                socketFor: (entry) => senders.get(entry.name),
              },
              context,
            ),
        },
      ),
  }
}

/** Hears what is sent to this address (relays), and sends all of this interface's answers. */
function dhcpListener({ entry, device, context }: Bound, senders: Map<string, UdpSocket>): ListenerSpec {
  const { address, name } = entry
  const port = context.ports.dhcpServer
  return {
    name: `UDP ${address}:${port}`,
    open: async (onFailure) => {
      const socket = await context.openUdpSocket(
        { address, port, shared: true, broadcast: true, ...device },
        {
          error: dropTransient(onFailure, context),
          packet: (bytes, from) =>
            handleDhcpPacket(
              bytes,
              { service: 'dhcp', from, interfaces: current(entry, context), socketFor },
              context,
            ),
        },
      )
      const socketFor = () => socket
      senders.set(name, socket)
      return {
        close: () => {
          senders.delete(name)
          socket.close()
        },
      }
    },
  }
}

/** The interface as the view in force has it: its mode may have changed since the socket was opened. */
function current(opened: BootInterface, context: BootContext): BootInterface[] {
  return context.index().served.filter(({ name }) => name === opened.name)
}

function bootServerListener({ entry, device, context }: Bound): ListenerSpec {
  const { address } = entry
  const port = context.ports.bootServer
  return {
    name: `UDP ${address}:${port}`,
    open: async (onFailure) => {
      const socket: UdpSocket = await context.openUdpSocket(
        { address, port, ...device },
        {
          error: dropTransient(onFailure, context),
          packet: (bytes, from) =>
            handleDhcpPacket(
              bytes,
              {
                service: 'boot-server',
                from,
                interfaces: current(entry, context),
                socketFor: () => socket,
              },
              context,
            ),
        },
      )
      return socket
    },
  }
}

function tftpListener({ entry, device, context }: Bound, tftp: TftpService): ListenerSpec {
  const { address } = entry
  const port = context.ports.tftp
  return {
    name: `UDP ${address}:${port}`,
    open: (onFailure) => tftp.listen({ address, port, ...device }, dropTransient(onFailure, context)),
  }
}

function httpListener(entry: BootInterface, context: BootContext): ListenerSpec {
  const { address } = entry
  const port = context.ports.bootHttp
  return {
    name: `TCP ${address}:${port}`,
    open: async (onFailure) => {
      const handle = createHttpHandler(address, context)
      const server = createServer(httpTimeouts, (request, response) => {
        handle(request, response).catch((error: unknown) => {
          context.debug(`http: ${String(error)}`)
          response.destroy()
        })
      })
      limitConnections(server, 4096, () =>
        context.counters.increment('http_requests', { route: 'malformed', status: '400' }),
      )
      await listen(server, port, address)
      server.on('error', onFailure)
      return {
        close: () => {
          server.close()
          if (context.isDraining()) server.closeIdleConnections()
          else server.closeAllConnections()
        },
      }
    },
  }
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
