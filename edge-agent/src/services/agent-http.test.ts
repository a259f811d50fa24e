import { once } from 'node:events'
import { connect } from 'node:net'
import { silentLog } from '@dragonfly/schema/log'
import { afterEach, expect, test } from 'vitest'
import { type AgentHttp, listenAgentHttp } from './agent-http.ts'

let http: AgentHttp
afterEach(() => http.close())

test('a client that resets its connection in the middle of an upgrade harms nobody', async () => {
  const sockets: NodeJS.EventEmitter[] = []
  http = await listenAgentHttp(
    {
      upgradeRamdisk: (_request, socket) => void sockets.push(socket),
      phoneHome: async () => false,
      standing: () => ({
        edgeId: 'e1',
        status: 'none',
        digest: null,
        phase: null,
        bytesDone: 0,
        busy: false,
      }),
      log: silentLog,
      findUnready: () => [],
      metrics: () => '',
    },
    0,
    '127.0.0.1',
  )
  const client = connect(http.port, '127.0.0.1')
  await once(client, 'connect')
  client.write(
    'GET /ramdisk/v1/link HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
  )
  while (sockets.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const closed = new Promise((resolve) => sockets[0]?.once('close', resolve))
  client.resetAndDestroy()
  await closed
  expect((await fetch(`http://127.0.0.1:${http.port}/healthz`)).status).toBe(200)
})
