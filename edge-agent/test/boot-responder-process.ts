import type { ChildProcess } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { forkChild } from '../src/io/child-process.ts'
import type { BootEvent, FromBootResponder, ToBootResponder } from '../src/protocol/boot-messages.ts'
import type { BootPorts } from '../src/services/boot/context.ts'

const module = new URL('../src/services/boot/main.ts', import.meta.url)

/** The real boot responder as a child process, as the supervisor runs it. */
export interface BootResponderProcess {
  child: ChildProcess
  messages: FromBootResponder[]
  send: (message: ToBootResponder | { type: string }) => void
  /** The first message that fits, of those to come and those already there. */
  next: <Type extends FromBootResponder['type']>(
    type: Type,
    fits?: (message: Extract<FromBootResponder, { type: Type }>) => boolean,
  ) => Promise<Extract<FromBootResponder, { type: Type }>>
  event: <Kind extends BootEvent['kind']>(kind: Kind) => Promise<Extract<BootEvent, { kind: Kind }>>
  kill: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>
}

export function startBootResponder(
  stateFile: string,
  ports: BootPorts,
  flags: readonly string[] = [],
): BootResponderProcess {
  const child = forkChild(module, ['--state', stateFile, '--ports', JSON.stringify(ports), ...flags])
  const messages: FromBootResponder[] = []
  child.on('message', (message) => messages.push(message as FromBootResponder))
  const next: BootResponderProcess['next'] = async (type, fits = () => true) => {
    for (;;) {
      const found = messages.find(
        (message): message is Extract<FromBootResponder, { type: typeof type }> =>
          message.type === type && fits(message as Extract<FromBootResponder, { type: typeof type }>),
      )
      if (found) return found
      await Promise.race([once(child, 'message'), once(child, 'exit').then(() => fail(child))])
    }
  }
  return {
    child,
    messages,
    next,
    send: (message) => child.send(message),
    event: async (kind) => {
      const { event } = await next('event', (message) => message.event.kind === kind)
      return event as Extract<BootEvent, { kind: typeof kind }>
    },
    kill: async (signal) => {
      const exited = once(child, 'exit')
      child.kill(signal)
      await exited
    },
  }
}

function fail(child: ChildProcess): never {
  throw new Error(`the boot responder ended (${child.exitCode ?? child.signalCode})`)
}

/** Ports that are free on loopback now, for UDP and (as good as surely) for TCP. */
export async function freeBootPorts(): Promise<BootPorts> {
  const sockets = Array.from({ length: 6 }, () => createSocket('udp4'))
  for (const socket of sockets) {
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
  }
  const ports = sockets.map((socket) => socket.address().port)
  for (const socket of sockets) socket.close()
  const [dhcpServer = 0, dhcpClient = 0, bootServer = 0, tftp = 0, bootHttp = 0, agentHttp = 0] = ports
  return { dhcpServer, dhcpClient, bootServer, tftp, bootHttp, agentHttp }
}
