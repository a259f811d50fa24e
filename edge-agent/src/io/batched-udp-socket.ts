import type { Socket } from 'node:dgram'
import type { OpenUdpSocket, UdpHandlers, UdpSocket } from '../ports/udp.ts'
import { openSocket } from './device-socket.ts'
import { type LinuxCalls, systemError } from './linux-calls.ts'
import {
  batchSize,
  createMessageArrays,
  cutRun,
  type MessageArrays,
  type OutgoingMessage,
} from './message-arrays.ts'
import { bindSocket, closeQuietly, createDatagramSocket } from './node-udp-socket.ts'

/** As long as the network card takes to send some of what waits for it. */
const retryMs = 1
/** More than this waits for no slow network: the oldest protocols of all repeat what is lost. */
const mostWaiting = 8192

/**
 * UDP on Linux with one system call for many packets (recvmmsg, sendmmsg, UDP_SEGMENT), bound to devices. Node's event loop
 * wakes us with the first packet; those behind it are read and answered in the same turn.
 */
export function createBatchedUdpOpener(calls: LinuxCalls): OpenUdpSocket {
  const arrays = createMessageArrays(calls)
  return async (options, handlers) => {
    const fd = openSocket(calls, { ...options, shared: options.shared ?? false })
    const socket = createDatagramSocket(options.shared ?? false)
    await bindSocket(socket, options, (done) => socket.bind({ fd }, done))
    return useSocket({ fd, socket, calls, arrays, handlers })
  }
}

interface OpenSocket {
  fd: number
  socket: Socket
  calls: LinuxCalls
  arrays: MessageArrays
  handlers: UdpHandlers
}

function useSocket({ fd, socket, calls, arrays, handlers }: OpenSocket): UdpSocket {
  const outbox = createOutbox(fd, calls, arrays, handlers)
  let closed = false
  socket.on('error', handlers.error)
  socket.on('message', (bytes, { address, port }) => {
    outbox.hold(() => {
      handlers.packet(bytes, { address, port })
      if (!closed) arrays.receive(fd, (more, from) => closed || handlers.packet(more, from))
    })
  })
  return {
    send: (parts, to) => closed || outbox.add([{ parts, to }]),
    sendRun: (run, to) => closed || outbox.add(cutRun(run, to, outbox.canSegment())),
    close: () => {
      closed = true
      outbox.close()
      closeQuietly(socket)
    },
  }
}

interface Outbox {
  add: (messages: OutgoingMessage[]) => void
  /** What is added while `work` runs leaves together at its end. */
  hold: (work: () => void) => void
  canSegment: () => boolean
  close: () => void
}

function createOutbox(fd: number, calls: LinuxCalls, arrays: MessageArrays, handlers: UdpHandlers): Outbox {
  let waiting: OutgoingMessage[] = []
  let segmenting = true
  let flushing = false
  let retry: NodeJS.Timeout | undefined

  /** What the kernel said of the first message that it did not take. True where it may take the rest now. */
  function handleRefusal(refused: OutgoingMessage, start: number): boolean {
    const code = calls.errorCode()
    if (code === 'EAGAIN' || code === 'ENOBUFS') return false
    const { run } = refused
    if (run && run.count > 1 && (code === 'EIO' || code === 'EINVAL' || code === 'EMSGSIZE')) {
      // A device that cannot cut segments, or a path that is too narrow for them: then one by one.
      segmenting = false
      waiting.splice(start, 1, ...cutRun(run, refused.to, false))
      return true
    }
    waiting.splice(start, 1)
    handlers.error(systemError('sendmmsg', code))
    return true
  }

  function flush(): void {
    flushing = false
    let start = 0
    while (start < waiting.length) {
      const sent = arrays.send(fd, waiting, start)
      if (sent > 0) {
        start += sent
        continue
      }
      const refused = waiting[start]
      if (refused && handleRefusal(refused, start)) continue
      retry = setTimeout(flushLater, retryMs)
      break
    }
    waiting = start === waiting.length ? [] : waiting.slice(start)
  }

  function flushLater(): void {
    retry = undefined
    flush()
  }

  return {
    canSegment: () => segmenting,
    add: (messages) => {
      if (waiting.length > mostWaiting) return
      for (const message of messages) waiting.push(message)
      if (flushing || retry) return
      flushing = true
      queueMicrotask(() => flushing && flush())
    },
    hold: (work) => {
      work()
      if (flushing) flush()
    },
    close: () => {
      clearTimeout(retry)
      if (waiting.length > 0) arrays.send(fd, waiting.slice(0, batchSize), 0)
      waiting = []
      flushing = false
    },
  }
}
