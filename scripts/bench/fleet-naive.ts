import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** The yardstick for lists: the same machines as objects in memory, made into JSON for each request. */
// Until then it does nothing: how late its timers are is what this host does to every process.
const loop = monitorEventLoopDelay({ resolution: 5 })
loop.enable()

process.once('message', ({ list }: { list: { items: unknown[] } }) => {
  const idleP99Ms = loop.percentile(99) / 1e6
  loop.disable()
  const server = createServer((request, response) => {
    const isPage = request.url?.includes('limit=') ?? false
    const items = isPage ? list.items.slice(0, 100) : list.items
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ items, total: list.items.length }))
  })
  server.listen(0, '127.0.0.1', () =>
    process.send?.({ port: (server.address() as AddressInfo).port, idleP99Ms }),
  )
})
process.on('disconnect', () => process.exit(0))
