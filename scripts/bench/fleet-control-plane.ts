import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { findFreePort, startSqld } from '../../control-plane/src/platform/node/sqld.ts'
import { openRemoteDatabase } from '../../control-plane/src/platform/worker/database.ts'
import { ApiClient } from '../../lab/src/api.ts'
import { furnishMachines } from './fleet-furnish.ts'
import { nextFrom, send, startProcess } from './fleet-processes.ts'
import type { ServerMessage, ServerSample } from './fleet-server.ts'
import { cpuSeconds, memoryMb } from './process-costs.ts'

export const account = { email: 'bench@example.com', password: 'correct horse battery staple' }

/** What the fleet connects to, in processes of its own. */
export interface ControlPlane {
  url: string
  /** Every machine is adopted and has a BMC, and its site is told. */
  furnish(api: ApiClient): Promise<void>
  sample(): Promise<ServerSample>
  close(): Promise<void>
}

/** Those of `dragonfly serve`. */
const flags = ['--max-semi-space-size=4', '--heap-growing-percent=20']
const env = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_TRIM_THRESHOLD_: '131072',
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../build/cache/node', import.meta.url)),
}

/** As `dragonfly serve` runs from its second start on, when what Node compiles is kept. */
export async function startOnNode(dataDir: string): Promise<ControlPlane> {
  const first = await startServerProcess(join(dataDir, 'first'))
  await first.close()
  return startServerProcess(join(dataDir, 'data'))
}

async function startServerProcess(dataDir: string): Promise<ControlPlane> {
  await mkdir(dataDir)
  const log = openSync(`${dataDir}.log`, 'w')
  const login = [account.email, account.password]
  const child = startProcess('./fleet-server.ts', [dataDir, ...login], { flags, env, log })
  const { url } = await nextFrom<Extract<ServerMessage, { type: 'ready' }>>(child, 'ready')
  return {
    url,
    async furnish() {
      const furnished = nextFrom(child, 'furnished')
      send(child, { type: 'furnish' })
      await furnished
    },
    sample() {
      const sample = nextFrom<ServerSample>(child, 'sample')
      send(child, { type: 'sample' })
      return sample
    },
    async close() {
      if (child.exitCode !== null) return
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}

/** As `npm run dev:worker` runs: workerd, and a libSQL server. */
export async function startOnWorker(dataDir: string): Promise<ControlPlane> {
  const sqld = await startSqld({ dataDir: join(dataDir, 'sqld') })
  const port = await findFreePort()
  const child = spawn(process.execPath, ['scripts/dev-worker.ts'], {
    env: {
      ...process.env,
      PORT: String(port),
      DRAGONFLY_DATA: dataDir,
      DRAGONFLY_DEV_DATABASE_URL: sqld.url,
      DRAGONFLY_LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const close = async () => {
    if (child.exitCode === null) {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    }
    await sqld.close()
  }
  try {
    const url = await untilReady(child)
    const code = (await readFile(join(dataDir, 'worker/setup-code'), 'utf8')).trim()
    await new ApiClient(url).request('POST', '/api/v1/setup/administrator', {
      code,
      name: 'Bench',
      ...account,
    })
    const pid = child.pid ?? 0
    return {
      url,
      furnish: (api) => furnishRemote(sqld.url, api),
      sample: async () => ({
        type: 'sample',
        ...{ rssMb: memoryMb(pid, 'workerd'), cpuMs: cpuSeconds(pid, 'workerd') * 1000 },
        ...{ heapMb: null, buffersMb: null, loopP99Ms: null, loopMaxMs: null },
      }),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function untilReady(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('dev:worker has no output')
  for await (const line of createInterface(child.stdout)) {
    const [, url] = /Dragonfly is at (\S+),/.exec(line) ?? []
    if (!url) continue
    child.stdout.resume()
    return url
  }
  throw new Error('dev:worker ended before it was ready')
}

/** Past the Worker: it is to tell the edges, which a change of their site makes it do. */
async function furnishRemote(databaseUrl: string, api: ApiClient): Promise<void> {
  const sites = await furnishMachines(openRemoteDatabase({ url: databaseUrl }), Date.now())
  for (const { siteId, name } of sites) await api.request('PATCH', `/api/v1/sites/${siteId}`, { name })
}
