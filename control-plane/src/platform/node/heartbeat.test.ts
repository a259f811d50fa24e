import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { startHeartbeat } from './heartbeat.ts'

let sockets: WebSocketServer
let stop: () => void
beforeEach(async () => {
  sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(sockets, 'listening')
  stop = startHeartbeat(sockets, 20)
})
afterEach(() => {
  stop()
  for (const socket of sockets.clients) socket.terminate()
  sockets.close()
})

async function connect(options: { autoPong: boolean }) {
  const { port } = sockets.address() as AddressInfo
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, options)
  await once(socket, 'open')
  return socket
}

it('cuts who does not answer, and keeps who does', async () => {
  const [awake, asleep] = [await connect({ autoPong: true }), await connect({ autoPong: false })]
  const [code] = await once(asleep, 'close')
  expect(code).toBe(1006)
  await once(awake, 'ping')
  await once(awake, 'ping')
  expect(awake.readyState).toBe(WebSocket.OPEN)
  awake.close()
})
