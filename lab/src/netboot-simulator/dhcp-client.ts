import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { type DhcpAnswer, type DhcpQuestion, decodeDhcpAnswer, encodeDhcpQuestion } from './dhcp-message.ts'
import { pause } from './pause.ts'

/** Asks, and gathers what is answered until it is enough or the last wait is over. */
export interface DhcpClient {
  ask(question: DhcpQuestion, options: AskOptions): Promise<DhcpAnswer[]>
  close(): void
}

interface AskOptions {
  signal: AbortSignal
  isEnough: (answers: readonly DhcpAnswer[]) => boolean
  /** On port 4011 of this server, from the client's own address; otherwise everybody on port 67. */
  bootServer?: string
}

/** The waits of PXE 2.1 §2.2.3 are 4, 8, 16 and 32 s; iPXE's begin at 1 s. */
const waitsMs = [1000, 2000, 4000, 8000]

/** One socket on port 68 for all machines of this process: every answer is broadcast, and says whose it is. */
export async function openDhcpClient(isLost: () => boolean): Promise<DhcpClient> {
  const waiting = new Map<string, (answer: DhcpAnswer) => void>()
  const hear = (bytes: Buffer): void => {
    const answer = isLost() ? undefined : decodeDhcpAnswer(bytes)
    if (answer) waiting.get(keyOf(answer))?.(answer)
  }
  const shared = await bind('0.0.0.0', 68, hear)
  shared.setBroadcast(true)
  return {
    close: () => void shared.close(),
    async ask(question, { signal, isEnough, bootServer }) {
      const answers: DhcpAnswer[] = []
      const own =
        bootServer === undefined ? null : await bind(question.clientAddress ?? '0.0.0.0', 4011, hear)
      const socket = own ?? shared
      const [address, port] = bootServer === undefined ? ['255.255.255.255', 67] : [bootServer, 4011]
      try {
        for (const waitMs of waitsMs) {
          const enough = Promise.withResolvers<void>()
          waiting.set(keyOf(question), (answer) => {
            answers.push(answer)
            if (isEnough(answers)) enough.resolve()
          })
          if (!isLost()) socket.send(encodeDhcpQuestion(question), port, address)
          await Promise.race([enough.promise, pause(waitMs, signal)])
          if (isEnough(answers)) return answers
        }
        return answers
      } finally {
        waiting.delete(keyOf(question))
        own?.close()
      }
    },
  }
}

const keyOf = ({ transactionId, mac }: { transactionId: number; mac: string }): string =>
  `${transactionId}/${mac}`

async function bind(address: string, port: number, hear: (bytes: Buffer) => void): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.on('message', hear)
  socket.bind(port, address)
  await once(socket, 'listening')
  socket.on('error', () => undefined)
  return socket
}
