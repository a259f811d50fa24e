import koffi from 'koffi'
import { openSocket } from '../../src/io/device-socket.ts'
import { loadLinuxCalls } from '../../src/io/linux-calls.ts'
import { createMessageArrays, type OutgoingMessage } from '../../src/io/message-arrays.ts'
import type { UdpEndpoint } from '../../src/ports/udp.ts'

/** Many UDP sockets without an event loop: a load generator must cost less than what it loads. */
export interface LoadSockets {
  open: (address: string, port: number) => number
  /** Sends what `send` collected, then waits for packets, at most so long, and hands out all that are there. */
  turn: (timeoutMs: number, handle: (fd: number, bytes: Uint8Array, from: UdpEndpoint) => void) => void
  send: (fd: number, bytes: Uint8Array, to: UdpEndpoint) => void
}

const pollIn = 1

export async function createLoadSockets(): Promise<LoadSockets> {
  const calls = await loadLinuxCalls()
  if (!calls) throw new Error('The load generators need 64-bit Linux, and the package koffi.')
  const poll = koffi.load(null).func('int poll(const void *fds, unsigned long count, int timeoutMs)')
  const arrays = createMessageArrays(calls)
  const fds: number[] = []
  const outgoing = new Map<number, OutgoingMessage[]>()
  let table = new DataView(new ArrayBuffer(0))
  let tableBytes = new Uint8Array()

  function rebuildTable(): void {
    table = new DataView(new ArrayBuffer(fds.length * 8))
    tableBytes = new Uint8Array(table.buffer)
    for (const [index, fd] of fds.entries()) {
      table.setInt32(index * 8, fd, true)
      table.setInt16(index * 8 + 4, pollIn, true)
    }
  }

  function flush(): void {
    for (const [fd, messages] of outgoing) {
      // What the kernel does not take now is lost, as on a network.
      for (let start = 0; start < messages.length; ) {
        start += Math.max(1, arrays.send(fd, messages, start))
      }
    }
    outgoing.clear()
  }

  return {
    open: (address, port) => {
      const fd = openSocket(calls, { address, port, shared: true })
      fds.push(fd)
      rebuildTable()
      return fd
    },
    send: (fd, bytes, to) => {
      const message: OutgoingMessage = { parts: [bytes], to }
      const messages = outgoing.get(fd)
      if (messages) messages.push(message)
      else outgoing.set(fd, [message])
    },
    turn: (timeoutMs, handle) => {
      flush()
      if (Number(poll(tableBytes, fds.length, timeoutMs)) <= 0) return
      for (const [index, fd] of fds.entries()) {
        if (table.getInt16(index * 8 + 6, true) === 0) continue
        while (arrays.receive(fd, (bytes, from) => handle(fd, bytes, from)) === 32);
      }
      flush()
    },
  }
}
