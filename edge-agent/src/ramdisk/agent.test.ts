import type { AddressInfo } from 'node:net'
import { type AgentFrame, agentFrameSchema, type EdgeToAgentFrame } from '@dragonfly/schema/wire'
import { afterEach, expect, test, vi } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { type AgentDeps, createAgent } from './agent.ts'
import type { BootRecord } from './boot-record.ts'
import { parseEdgeFrame } from './frames.ts'
import { createLink, type Link, linkTimes } from './link.ts'
import { createLog } from './log.ts'
import type { OrderOutcome } from './order.ts'
import { connectWebSocket } from './ws-connect.ts'

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

const order: EdgeToAgentFrame = {
  type: 'order',
  orderId: 'o1',
  deploymentId: 'd1',
  epoch: 3,
  plan: { format: 1, phonesHome: true, actions: [{ action: 'restart' }] },
  imageServers: ['http://127.0.0.1:1'],
}

/** An edge that can be killed and started again on its port, and an agent whose work is ended by the test. */
async function start(recalled: BootRecord | null = null) {
  const received: AgentFrame[] = []
  let server: WebSocketServer | null = null
  let socket: WebSocket | null = null
  let port = 0
  const open = async (): Promise<void> => {
    const created = new WebSocketServer({ host: '127.0.0.1', port })
    await new Promise((resolve) => created.once('listening', resolve))
    port = (created.address() as AddressInfo).port
    server = created
    created.on('connection', (connection) => {
      socket = connection
      connection.on('message', (data) => {
        const frame = agentFrameSchema.parse(JSON.parse(data.toString()))
        received.push(frame)
        if (frame.type === 'hello') say({ type: 'welcome', session: 's', now: 1_700_000_000_000 })
      })
    })
  }
  const say = (frame: EdgeToAgentFrame): void => socket?.send(JSON.stringify(frame))
  const kill = (): void => {
    for (const client of server?.clients ?? []) client.terminate()
    server?.close()
  }
  await open()

  const log = createLog({ now: Date.now, print: () => {} })
  const work: { signal?: AbortSignal; end?: (outcome: OrderOutcome) => void } = {}
  const perform = vi.fn<AgentDeps['perform']>((_order, signal, events) => {
    events.onStage({ stage: 'writing', disk: null })
    events.onProgress(5, 10)
    return new Promise((resolve) => Object.assign(work, { signal, end: resolve }))
  })
  const restart = vi.fn(async () => {})
  const remember = vi.fn()
  const account = { address: '10.0.0.17', username: 'dragonfly', password: 'Zebra-Quartz-42' }
  const createBmcAccount = vi.fn<AgentDeps['createBmcAccount']>(async () => ({ kind: 'made', account }))
  let link: Link | null = null
  const agent = createAgent(
    { log, title: () => 'Dragonfly ramdisk', recalled, remember, perform, restart, createBmcAccount },
    () => link,
  )
  link = createLink({
    connect: (events) => connectWebSocket(`ws://127.0.0.1:${port}/`, events),
    now: Date.now,
    random: Math.random,
    hello: (session) => ({
      type: 'hello',
      protocol: 1,
      mac: '52:54:00:00:00:01',
      token: null,
      session,
      agentVersion: '1',
      orderId: agent.orderId(),
    }),
    parse: async (text) => parseEdgeFrame(text),
    onFrame: agent.handleFrame,
    onLost: agent.handleLost,
    onPing: log.markPing,
    onGiveUp: () => {},
    times: { ...linkTimes, backoffMs: [5] },
  })
  closers.push(() => link?.close(), kill)
  const types = (): string[] => received.map((frame) => frame.type)
  await vi.waitFor(() => expect(link?.ready()).toBe(true))
  return { agent, received, types, say, kill, open, work, perform, restart, remember, log }
}

test('works, reports and restarts when it is told to', async () => {
  const { agent, types, received, say, work, restart, remember } = await start()
  say(order)
  await vi.waitFor(() => expect(types()).toEqual(['hello', 'stage', 'progress']))
  expect(remember).toHaveBeenCalledWith({ orderId: 'o1', epoch: 3 })
  work.end?.({ kind: 'done' })
  await vi.waitFor(() => expect(received.at(-1)).toEqual({ type: 'result', orderId: 'o1', outcome: 'done' }))
  agent.tick()
  await vi.waitFor(() => expect(types().filter((type) => type === 'result')).toHaveLength(2))
  say({ type: 'restart', reason: 'local boot' })
  await vi.waitFor(() => expect(restart).toHaveBeenCalledWith('local boot'))
})

test('goes on with its work while the edge is away, and tells the new edge process', async () => {
  const { received, types, say, kill, open, work, perform } = await start()
  say(order)
  await vi.waitFor(() => expect(types()).toContain('progress'))
  kill()
  received.length = 0
  await open()
  await vi.waitFor(() => expect(types()).toEqual(['hello', 'stage', 'progress']))
  expect(received[0]).toMatchObject({ session: 's', orderId: 'o1' })
  expect(work.signal?.aborted).toBe(false)
  kill()
  work.end?.({ kind: 'done' })
  received.length = 0
  await open()
  await vi.waitFor(() => expect(types()).toEqual(['hello', 'result']))
  say(order)
  await vi.waitFor(() => expect(types()).toEqual(['hello', 'result', 'result']))
  expect(perform).toHaveBeenCalledTimes(1)
})

test('an abort reaches the work, and its end the edge', async () => {
  const { received, say, work } = await start()
  say(order)
  await vi.waitFor(() => expect(work.signal).toBeDefined())
  say({ type: 'abort', orderId: 'o1' })
  await vi.waitFor(() => expect(work.signal?.aborted).toBe(true))
  work.end?.({ kind: 'failed', reason: 'aborted', message: 'Stopped.', chunk: null })
  await vi.waitFor(() => expect(received.at(-1)).toMatchObject({ type: 'failed', reason: 'aborted' }))
})

test('an agent that was started again in the same boot takes no second order', async () => {
  const { received, say, perform } = await start({ orderId: 'o1', epoch: 3 })
  await vi.waitFor(() =>
    expect(received.at(-1)).toMatchObject({ type: 'failed', orderId: 'o1', reason: 'internal' }),
  )
  say({ ...order, orderId: 'o2', epoch: 4 })
  await vi.waitFor(() =>
    expect(received.at(-1)).toMatchObject({ type: 'failed', orderId: 'o2', reason: 'order-refused' }),
  )
  expect(perform).not.toHaveBeenCalled()
})

test('sends what was logged while the edge was away', async () => {
  const { agent, received, types, kill, open, log } = await start()
  kill()
  received.length = 0
  for (let index = 0; index < 450; index++) log.info(`line ${index}`)
  agent.flushLog()
  await open()
  await vi.waitFor(() => expect(types()).toContain('hello'))
  await vi.waitFor(() => {
    agent.flushLog()
    const lines = received.flatMap((frame) => (frame.type === 'log' ? frame.lines : []))
    const texts = new Set(lines.map((line) => line.text).filter((text) => text.startsWith('line ')))
    expect(texts.size).toBe(450)
  })
})

test('makes an account on the BMC when it is asked to; its password is in no line of the log', async () => {
  const { received, say, agent, types } = await start()
  say({ type: 'create-bmc-account', requestId: 'r1', username: 'dragonfly' })
  await vi.waitFor(() => expect(types()).toContain('bmc-account'))
  agent.flushLog()
  await vi.waitFor(() => expect(types()).toContain('log'))
  const account = { address: '10.0.0.17', username: 'dragonfly', password: 'Zebra-Quartz-42' }
  const answer = { type: 'bmc-account', requestId: 'r1', account, message: null }
  expect(received.filter(({ type }) => type === 'bmc-account')).toEqual([answer])
  const lines = JSON.stringify(received.filter(({ type }) => type === 'log'))
  expect(lines).toContain('has an account')
  expect(lines).not.toContain('Zebra')
})
