import { monitorEventLoopDelay } from 'node:perf_hooks'
import { sql } from 'drizzle-orm'
import { startServer } from '../../control-plane/src/platform/node/server.ts'
import { machines, sites } from '../../schema/src/db/index.ts'

/** What the bench tells the process of the control plane. */
export type ServerCommand =
  | { type: 'sample' }
  /** Every machine is adopted and has a BMC: what people would do by hand over months. */
  | { type: 'furnish' }

export interface ServerSample {
  type: 'sample'
  rssMb: number
  heapMb: number
  /** Outside of the heap. */
  buffersMb: number
  cpuMs: number
  /** Since the last sample. */
  loopP99Ms: number
  loopMaxMs: number
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
  const now = clock()
  await db.update(machines).set({ adoptedAt: now })
  await db.run(sql`insert into bmcs (machine_id, site_id, address, protocol, created_at, updated_at)
    select machine_id, site_id, '10.41.' || (rowid / 200) || '.' || (rowid % 200 + 20), 'ipmi', ${now}, ${now}
    from machines where true on conflict do nothing`)
  await db.update(sites).set({ stateVersion: sql`${sites.stateVersion} + 1` })
  for (const { siteId } of await db.select({ siteId: sites.siteId }).from(sites)) await announce(siteId)
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
