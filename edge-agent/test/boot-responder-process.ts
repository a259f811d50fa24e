import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
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

/** Ports that nobody has at the moment, below those that the system gives away: other tests run beside this one. */
export async function freeBootPorts(): Promise<BootPorts> {
  const ports = new Set<number>()
  while (ports.size < 6) {
    const port = randomInt(10_000, 32_000)
    if (await isFree(port)) ports.add(port)
  }
  const [dhcpServer = 0, dhcpClient = 0, bootServer = 0, tftp = 0, bootHttp = 0, agentHttp = 0] = ports
  return { dhcpServer, dhcpClient, bootServer, tftp, bootHttp, agentHttp }
}

/** By UDP and by TCP. */
async function isFree(port: number): Promise<boolean> {
  const datagrams = createSocket('udp4')
  const streams = createServer()
  try {
    datagrams.bind(port)
    await once(datagrams, 'listening')
    streams.listen(port)
    await once(streams, 'listening')
    return true
  } catch {
    return false
  } finally {
    datagrams.close()
    streams.close()
  }
}
