import { monitorEventLoopDelay } from 'node:perf_hooks'
import { startServer } from '../../control-plane/src/platform/node/server.ts'
import { furnishMachines } from './fleet-furnish.ts'

/** What the bench tells the process of the control plane. */
export type ServerCommand =
  | { type: 'sample' }
  /** Every machine is adopted and has a BMC: what people would do by hand over months. */
  | { type: 'furnish' }

export interface ServerSample {
  type: 'sample'
  rssMb: number
  cpuMs: number
  /** Null where the process does not tell. */
  heapMb: number | null
  /** Outside of the heap. */
  buffersMb: number | null
  /** Since the last sample. */
  loopP99Ms: number | null
  loopMaxMs: number | null
}
export type ServerMessage = { type: 'ready'; url: string } | { type: 'furnished' } | ServerSample

const [dataDir = '', email = '', password = ''] = process.argv.slice(2)
const server = await startServer({
  port: 0,
  host: '127.0.0.1',
  dataDir,
  bundleDir: `${dataDir}/bundle`,
  siteDir: `${dataDir}/site`,
  administrator: { email, password },
})
const loop = monitorEventLoopDelay({ resolution: 5 })
loop.enable()
const tell = (message: ServerMessage): void => void process.send?.(message)

async function furnish(): Promise<void> {
  const { db, clock, announce } = server.deps
  for (const { siteId } of await furnishMachines(db, clock())) await announce(siteId)
  tell({ type: 'furnished' })
}

process.on('message', (command: ServerCommand) => {
  if (command.type === 'furnish') void furnish()
  if (command.type !== 'sample') return
  const { user, system } = process.cpuUsage()
  const [loopP99Ms, loopMaxMs] = [loop.percentile(99) / 1e6, loop.max / 1e6]
  loop.reset()
  const { rss, heapTotal, external } = process.memoryUsage()
  const [rssMb, heapMb, buffersMb] = [rss / 2 ** 20, heapTotal / 2 ** 20, external / 2 ** 20]
  tell({ type: 'sample', rssMb, heapMb, buffersMb, cpuMs: (user + system) / 1000, loopP99Ms, loopMaxMs })
})
process.on('disconnect', () => void server.close().finally(() => process.exit(0)))
tell({ type: 'ready', url: `http://localhost:${server.port}` })
