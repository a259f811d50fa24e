import type { AddressInfo } from 'node:net'
import { type AgentFrame, agentFrameSchema, type EdgeToAgentFrame } from '@dragonfly/schema/wire'
import { afterEach, expect, test, vi } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { parseEdgeFrame } from './frames.ts'
import { createLink, type Link, type LinkTimes } from './link.ts'
import { connectWebSocket } from './ws-connect.ts'

/** A second, which vi.waitFor waits, is little where much else runs. */
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000 })

const times: LinkTimes = {
  pingMs: 20,
  deadMs: 150,
  backoffMs: [5, 10],
  refusedRetryMs: 15,
  refusedLimitMs: 100,
}

const closers: (() => void)[] = []
afterEach(() => {
  for (const close of closers.splice(0)) close()
})

interface Edge {
  port: number
  received: AgentFrame[]
  connections: WebSocket[]
  open(): number
  close(): void
}

async function startEdge(
  answer: (frame: AgentFrame, socket: WebSocket, connection: number) => void,
  port = 0,
): Promise<Edge> {
  const server = new WebSocketServer({ host: '127.0.0.1', port })
  await new Promise((resolve) => server.once('listening', resolve))
  const received: AgentFrame[] = []
  const connections: WebSocket[] = []
  server.on('connection', (socket) => {
    connections.push(socket)
    const connection = connections.length
    socket.on('message', (data) => {
      const frame = agentFrameSchema.parse(JSON.parse(data.toString()))
      received.push(frame)
      answer(frame, socket, connection)
    })
  })
  const close = (): void => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  }
  closers.push(close)
  return {
    port: (server.address() as AddressInfo).port,
    received,
    connections,
    open: () => [...server.clients].filter((socket) => socket.readyState === socket.OPEN).length,
    close,
  }
}

function startLink(port: number, options: { onGiveUp?: () => void } = {}) {
  const frames: EdgeToAgentFrame[] = []
  const lost: string[] = []
  const link: Link = createLink({
    connect: (events) => connectWebSocket(`ws://127.0.0.1:${port}/`, events),
    now: () => Date.now(),
    random: () => 0.5,
    hello: (session) => ({
      type: 'hello',
      protocol: 1,
      mac: '52:54:00:00:00:01',
      token: 't',
      session,
      agentVersion: '1',
      orderId: null,
    }),
    parse: async (text) => parseEdgeFrame(text),
    onFrame: (frame) => frames.push(frame),
    onLost: (reason) => lost.push(reason),
    onPing: () => {},
    onGiveUp: options.onGiveUp ?? (() => {}),
    times,
  })
  closers.push(() => link.close())
  return { link, frames, lost }
}

const reply = (socket: WebSocket, frame: EdgeToAgentFrame): void => socket.send(JSON.stringify(frame))

const welcoming = (frame: AgentFrame, socket: WebSocket): void => {
  if (frame.type === 'hello') reply(socket, { type: 'welcome', session: 's1', now: 5 })
  if (frame.type === 'ping') reply(socket, { type: 'pong' })
}

test('says hello first, sends nothing before welcome, then pings', async () => {
  let held: (() => void)[] | null = []
  const edge = await startEdge((frame, socket) => {
    if (frame.type === 'hello' && held) held.push(() => welcoming(frame, socket))
    else welcoming(frame, socket)
  })
  const { link, frames } = startLink(edge.port)
  await eventually(() => expect(held).not.toHaveLength(0))
  expect(link.send({ type: 'ping' })).toBe(false)
  expect(new Set(edge.received.map(({ type }) => type))).toEqual(new Set(['hello']))
  expect(edge.received[0]).toMatchObject({ type: 'hello', token: 't', session: null })
  // Where much else runs, the link may have given up its first connection by now.
  for (const welcome of held) welcome()
  held = null
  await eventually(() => expect(frames.map((frame) => frame.type)).toContain('pong'))
  expect(frames[0]?.type).toBe('welcome')
  expect(link.send({ type: 'progress', orderId: 'o', bytesDone: 1, bytesTotal: 2 })).toBe(true)
  await eventually(() => expect(edge.received.some((frame) => frame.type === 'progress')).toBe(true))
})

test('comes back with its session after an edge restarts, one connection at a time', async () => {
  const first = await startEdge(welcoming)
  const { frames } = startLink(first.port)
  await eventually(() => expect(frames[0]?.type).toBe('welcome'))
  first.close()
  await new Promise((resolve) => setTimeout(resolve, 60))
  const second = await startEdge(welcoming, first.port)
  await eventually(() => expect(second.received[0]).toMatchObject({ type: 'hello', session: 's1' }))
  await eventually(() => expect(frames.filter((frame) => frame.type === 'welcome')).toHaveLength(2))
  expect(second.connections).toHaveLength(1)
  expect(second.open()).toBe(1)
})

test('gives up a connection on which nothing is heard', async () => {
  const edge = await startEdge((frame, socket, connection) => {
    if (connection > 1 || frame.type === 'hello') welcoming(frame, socket)
  })
  const { lost } = startLink(edge.port)
  await eventually(() => expect(edge.connections.length).toBeGreaterThan(1))
  expect(lost).toContain('the edge fell silent')
  await eventually(() => expect(edge.open()).toBe(1))
})

test('a refusal is retried slowly; when it lasts, the machine restarts', async () => {
  const edge = await startEdge((_frame, socket, connection) => {
    if (connection < 3) reply(socket, { type: 'refused', reason: 'unknown-token', message: 'No.' })
    else reply(socket, { type: 'welcome', session: 's', now: 1 })
  })
  const gaveUp = vi.fn()
  const { frames } = startLink(edge.port, { onGiveUp: gaveUp })
  await eventually(() => expect(frames.map((frame) => frame.type)).toContain('welcome'))
  expect(frames.filter((frame) => frame.type === 'refused')).toHaveLength(2)
  expect(gaveUp).not.toHaveBeenCalled()
})

test('gives up when it was refused for too long', async () => {
  const edge = await startEdge((_frame, socket) =>
    reply(socket, { type: 'refused', reason: 'unknown-token', message: 'No.' }),
  )
  const gaveUp = vi.fn()
  startLink(edge.port, { onGiveUp: gaveUp })
  await eventually(() => expect(gaveUp).toHaveBeenCalled())
})

test('frames that are none are dropped', async () => {
  const edge = await startEdge((frame, socket) => {
    socket.send('{')
    socket.send('{"type":"order"}')
    socket.send(Buffer.from([1, 2]))
    welcoming(frame, socket)
  })
  const { frames } = startLink(edge.port)
  await eventually(() => expect(frames.length).toBeGreaterThan(0))
  expect(frames[0]?.type).toBe('welcome')
})
