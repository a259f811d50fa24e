import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Lab } from '../lab.ts'
import { kill, listProcesses } from '../process-tree.ts'
import { edgeDataDir, type Product, runEdgeAgent, startProduct } from '../product.ts'
import type { Fault, FaultKind } from './fault-plan.ts'
import { type LibsqlServer, startLibsqlServer } from './libsql-server.ts'
import { startTunnelProxy } from './tunnel-proxy.ts'

/** Where the control plane runs: on Node with its file, or in workerd on a libSQL server. */
export type ChaosPlatform = 'node' | 'worker'

/** The product, every process of which can be killed, and comes back as a supervisor would start it again. */
export interface ChaosProduct {
  product: Product
  /** The faults that this platform has, apart from machines' power. */
  kinds: readonly FaultKind[]
  /** Carries a fault out; resolves when what it hit is back. Faults of the same part follow each other. */
  strike(fault: Fault): Promise<void>
  /** What ended though nobody killed it. */
  unasked: readonly string[]
  /** The control plane's database, an SQLite file: to be read once all has stopped. */
  databaseFile: string
  stop(): Promise<void>
}

const edgeKinds = ['edge-supervisor', 'edge-responder', 'edge-images'] as const

export async function startChaosProduct(lab: Lab, platform: ChaosPlatform): Promise<ChaosProduct> {
  const database = platform === 'worker' ? await startLibsqlServer(lab) : null
  const proxies: Awaited<ReturnType<typeof startTunnelProxy>>[] = []
  const product = await startProduct(lab, {
    ...(database ? { inWorkerd: database.url } : {}),
    edgeUrl: async (controlPlaneUrl) => {
      const proxy = await startTunnelProxy(controlPlaneUrl, lab.uplink.hostAddress)
      proxies.push(proxy)
      return proxy.url
    },
  })
  const [proxy] = proxies
  if (!proxy) throw new Error('the edge was not told to go through the proxy')
  const unasked: string[] = []
  const inTurn = createTurns()
  const strikeNow = async ({ kind, awayMs, cut }: Fault): Promise<void> => {
    switch (kind) {
      case 'edge-supervisor':
        await restartEdge(lab, product, awayMs, unasked)
        return
      case 'edge-responder':
        return killChild('boot/main.ts', edgeDataDir(lab))
      case 'edge-images':
        return killChild('images/main.ts', edgeDataDir(lab))
      case 'control-plane':
        return restart(product.controlPlane, awayMs)
      case 'database':
        return database ? restart(database, awayMs) : undefined
      case 'tunnel':
        return proxy.cut(cut, awayMs)
      case 'power':
    }
  }
  return {
    product,
    kinds: [...edgeKinds, 'control-plane', ...(database ? (['database'] as const) : []), 'tunnel'],
    strike: (fault) => inTurn(partOf(fault.kind), () => strikeNow(fault)),
    unasked,
    databaseFile: databaseFileOf(lab, database),
    stop: async () => {
      await product.stop()
      await proxy.close()
      await database?.stop()
    },
  }
}

/** A control plane does not start without its database: nobody kills the one while the other comes back. */
function partOf(kind: FaultKind): string {
  return kind === 'database' ? 'control-plane' : kind
}

function createTurns(): (part: string, work: () => Promise<void>) => Promise<void> {
  const last = new Map<string, Promise<void>>()
  return (part, work) => {
    const turn = (last.get(part) ?? Promise.resolve()).then(work)
    last.set(
      part,
      turn.catch(() => undefined),
    )
    return turn
  }
}

async function restart(
  server: { kill(): Promise<void>; start(): Promise<void> },
  awayMs: number,
): Promise<void> {
  await server.kill()
  await sleep(awayMs)
  await server.start()
}

/** What systemd does for a service. */
async function restartEdge(lab: Lab, product: Product, awayMs: number, unasked: string[]): Promise<void> {
  if (!product.edge.isRunning()) unasked.push('The edge ended by itself.')
  await product.edge.kill()
  await sleep(awayMs)
  product.edge = await runEdgeAgent(lab)
}

/** The supervisor starts it again. One that is not there was killed a moment ago. */
async function killChild(program: string, dataDir: string): Promise<void> {
  for (const { pid, words } of await listProcesses()) {
    const isProgram = words.some((word) => word.endsWith(`services/${program}`))
    if (isProgram && words.some((word) => word.startsWith(`${dataDir}/`))) kill(pid)
  }
}

function databaseFileOf(lab: Lab, database: LibsqlServer | null): string {
  return database?.file ?? join(lab.state.dir, 'control-plane', 'dragonfly.db')
}
