import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { startHeartbeat } from './heartbeat.ts'

const beatMs = 1000

let sockets: WebSocketServer
let stop: () => void
beforeEach(async () => {
  sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(sockets, 'listening')
  // It beats when the test says so: whoever answers has had the time to.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  stop = startHeartbeat(sockets, beatMs)
})
afterEach(() => {
  stop()
  vi.useRealTimers()
  for (const socket of sockets.clients) socket.terminate()
  sockets.close()
})

/** Both ends. */
async function connect(options: { autoPong: boolean }) {
  const { port } = sockets.address() as AddressInfo
  const accepted = once(sockets, 'connection')
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, options)
  const [[served]] = await Promise.all([accepted, once(socket, 'open')])
  return { socket, served: served as WebSocket }
}

it('cuts who does not answer, and keeps who does', async () => {
  const awake = await connect({ autoPong: true })
  const asleep = await connect({ autoPong: false })
  const ended = once(asleep.socket, 'close')
  for (let beat = 0; beat < 3; beat++) {
    const answered = once(awake.served, 'pong')
    vi.advanceTimersByTime(beatMs)
    await answered
  }
  expect((await ended)[0]).toBe(1006)
  expect(awake.socket.readyState).toBe(WebSocket.OPEN)
  awake.socket.close()
})
