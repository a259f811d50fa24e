import {
  type AgentFrame,
  type EdgeToAgentFrame,
  edgeToAgentFrameSchema,
  type Inventory,
  ramdiskLinkPath,
  wireProtocol,
} from '@dragonfly/schema/wire'
import { WebSocket } from 'ws'
import { createNumberedLog } from './numbered-log.ts'

export type OrderFrame = Extract<EdgeToAgentFrame, { type: 'order' }>

export interface RamdiskOptions {
  /** `IP:port`, from the kernel's command line. */
  edge: string
  token: string
  mac: string
  address: string
  inventory: Inventory
  signal: AbortSignal
  /** Carries out the one order of this boot. */
  perform: (order: OrderFrame, say: (frame: AgentFrame) => void) => Promise<void>
  /** The edge let the machine go after it had carried this order out. */
  onSettled: (order: OrderFrame) => void
  renderLogLine: (line: number) => string
  /** A log line is on the edge's disk. */
  onLogged: (line: number) => void
  onTrouble: (message: string) => void
}

const pingMs = 10_000
const resultMs = 2000
const backoffMs = [100, 250, 500, 1000, 2000, 5000]
const refusedRetryMs = 10_000
const mostRefusals = 60

/** Stands for the ramdisk: one link at a time, one order per boot. Resolves when the edge says "restart". */
export function runRamdisk(options: RamdiskOptions): Promise<void> {
  const { signal, edge, onTrouble } = options
  const done = Promise.withResolvers<void>()
  let socket: WebSocket | null = null
  let session: string | null = null
  let isWelcome = false
  let failures = 0
  let refusals = 0
  let order: OrderFrame | null = null
  /** Of the order's stages the last one, and in the end its result: said again on every new link. */
  let standing: AgentFrame | null = null
  let isOver = false
  let retry: NodeJS.Timeout | undefined

  const log = createNumberedLog(options.renderLogLine, options.onLogged)

  const send = (frame: AgentFrame): boolean => {
    const isOpen = isWelcome && socket?.readyState === WebSocket.OPEN
    if (isOpen) socket?.send(JSON.stringify(frame))
    return isOpen
  }
  const say = (frame: AgentFrame): void => {
    if (frame.type !== 'progress') {
      standing = frame
      log.say(send)
    }
    send(frame)
  }
  const end = async (taken: OrderFrame): Promise<void> => {
    const { orderId } = taken
    try {
      await options.perform(taken, say)
      say({ type: 'result', orderId, outcome: 'done' })
    } catch (error) {
      if (signal.aborted) return
      const message = `The simulated ramdisk failed: ${(error as Error).message}`.slice(0, 500)
      onTrouble(message)
      say({ type: 'failed', orderId, reason: 'internal', message, chunk: null })
    }
    isOver = true
  }
  const takeOrder = (given: OrderFrame): void => {
    if (order === null) {
      order = given
      void end(given)
      return
    }
    if (order.orderId === given.orderId) return void (standing && send(standing))
    const message = 'This boot has taken another order already. Restart the machine into the ramdisk first.'
    send({ type: 'failed', orderId: given.orderId, reason: 'order-refused', message, chunk: null })
  }
  const take = (frame: EdgeToAgentFrame): void => {
    if (frame.type === 'welcome') {
      ;({ session } = frame)
      isWelcome = true
      failures = 0
      refusals = 0
      send({ type: 'inventory', inventory: options.inventory })
      log.say(send)
      if (standing) send(standing)
    } else if (frame.type === 'order') takeOrder(frame)
    else if (frame.type === 'pong') log.handlePong()
    else if (frame.type === 'restart') {
      if (order && standing?.type === 'result') options.onSettled(order)
      done.resolve()
    } else if (frame.type === 'result-taken') standing = null
    else if (frame.type === 'refused') {
      onTrouble(`the edge refused this boot (${frame.reason})`)
      // A real one restarts after ten minutes of this.
      if (++refusals >= mostRefusals) done.resolve()
    }
  }
  const open = (): void => {
    const current = new WebSocket(`ws://${edge}${ramdiskLinkPath}`, {
      localAddress: options.address,
      handshakeTimeout: 10_000,
    })
    socket = current
    current.on('open', () => {
      const hello: AgentFrame = {
        type: 'hello',
        protocol: wireProtocol,
        mac: options.mac,
        token: options.token,
        session,
        agentVersion: 'netboot-simulator',
        orderId: order?.orderId ?? null,
      }
      current.send(JSON.stringify(hello))
    })
    current.on('message', (data) => {
      const frame = edgeToAgentFrameSchema.safeParse(JSON.parse(String(data)))
      if (frame.success) take(frame.data)
    })
    current.on('error', () => undefined)
    current.on('close', () => {
      isWelcome = false
      log.forgetPings()
      if (signal.aborted) return
      const waitMs = refusals > 0 ? refusedRetryMs : (backoffMs[failures++] ?? 5000)
      retry = setTimeout(open, waitMs)
    })
  }
  const pinging = setInterval(() => log.say(send), pingMs)
  const repeating = setInterval(() => isOver && standing && send(standing), resultMs)
  const onAbort = (): void => done.reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  open()
  return done.promise.finally(() => {
    signal.removeEventListener('abort', onAbort)
    clearInterval(pinging)
    clearInterval(repeating)
    clearTimeout(retry)
    socket?.removeAllListeners('close')
    socket?.terminate()
  })
}
