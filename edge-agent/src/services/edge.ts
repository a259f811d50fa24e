import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { edgePorts, type HostInterface, type SiteState } from '@dragonfly/schema/wire'
import type { Database } from '../io/database.ts'
import { servedInterfaces } from './boot-view.ts'
import { openBundleStore } from './bundle.ts'
import type { ControlPlane } from './control-plane.ts'
import { createBootEventHandler } from './deployments/boot-events.ts'
import { createOrderDesk } from './deployments/order-desk.ts'
import { createOrders, trustedKeys } from './deployments/orders.ts'
import { handlePhoneHome } from './deployments/phone-home.ts'
import { createDeploymentRunner } from './deployments/runner.ts'
import { createImageServerProcess } from './image-server-process.ts'
import { openImageLibrary } from './images/image-library.ts'
import { importInProcess } from './images/import-process.ts'
import { indexMachines } from './machine-index.ts'
import { renderMetrics } from './metrics.ts'
import { createProblems } from './problems.ts'
import { createLinks, type Links } from './ramdisk-link/links.ts'
import { createRamdiskServer } from './ramdisk-link/server.ts'
import type { SeenBootEvent } from './responder-messages.ts'
import { createResponderProcess } from './responder-process.ts'
import { createServing } from './serving.ts'
import { openStateSync } from './state-sync.ts'
import type { EdgeStatus } from './status.ts'
import { type EdgeIdentity, loadSecret } from './store/identity.ts'
import { openJournal } from './store/journal.ts'
import { addDiscoveredMacs, dropDiscoveredMacs, loadDiscoveredMacs } from './store/site-state.ts'
import { createTelemetry, telemetryEveryMs } from './telemetry.ts'
import { startTunnel, type TunnelStatus } from './tunnel/client.ts'
import { version } from './version.ts'
import { createViewPublisher } from './view-publisher.ts'

export interface EdgeOptions {
  dataDir: string
  database: Database
  identity: EdgeIdentity
  controlPlane: ControlPlane
  now: () => number
  random: () => number
  /** For the person at the console. */
  say: (message: string) => void
  warn: (message: string) => void
  listInterfaces: () => Promise<HostInterface[]>
  /** Other ports than the agreed ones, for tests. */
  ports?: { agentHttp?: number; imageHttp?: number; responder?: Record<string, number> }
  reconnectMs?: { first: number; longest: number }
}

export interface RunningEdge {
  status(): EdgeStatus
  handleBootEvent(event: SeenBootEvent): Promise<void>
  agentPort(): number | null
  imagePort(): number | null
  /** The clock moved: watchdogs, held ramdisks. */
  tick(): Promise<void>
  stop(): Promise<void>
}

const interfacesEveryMs = 10_000
const tickEveryMs = 2_000

/** Puts an edge together and starts it. */
export async function startEdge(options: EdgeOptions): Promise<RunningEdge> {
  const { dataDir, database, identity, controlPlane, now, random, warn } = options
  const journal = await openJournal(database, { now })
  const problems = createProblems((event) => journal.append(event))
  const bootTokenKey = await loadSecret(database, 'bootTokenKey', () => randomBytes(32).toString('base64url'))
  const discovered = new Set(await loadDiscoveredMacs(database))
  const ports = {
    agentHttp: options.ports?.agentHttp ?? edgePorts.agentHttp,
    imageHttp: options.ports?.imageHttp ?? edgePorts.imageHttp,
  }
  let siteState: SiteState | null = null
  let machines = indexMachines(null)
  let hostInterfaces: HostInterface[] = []
  let linksReady: Links | null = null
  const links = (): Links => {
    if (!linksReady) throw new Error('links are made before anything asks for them')
    return linksReady
  }

  const publisher = createViewPublisher(
    () => responder,
    () => ({
      state: siteState,
      hostInterfaces,
      deployments: runner.all(),
      discoveredMacs: discovered,
      bundle: bundle.current(),
      bootTokenKey,
    }),
  )
  const desk = createOrderDesk({
    orders: createOrders({
      database,
      identity,
      now,
      ports: {
        get agentHttp() {
          return serving.agentPort() ?? ports.agentHttp
        },
        get imageHttp() {
          return imageServer.port() ?? ports.imageHttp
        },
      },
      siteState: () => siteState,
      machines: () => machines,
      imageReadiness: (digest) => images.readiness(digest),
    }),
    runner: () => runner,
    links,
    warn,
  })
  const runner = await createDeploymentRunner({
    database,
    journal,
    now,
    publishView: () => publisher.publish(),
    giveOrder: desk.give,
    sendToMachine: (machineId, frame) => links().forMachine(machineId)?.send(frame),
  })
  const handleBootEvent = createBootEventHandler({
    now,
    machines: () => machines,
    view: () => publisher.current(),
    runner: () => runner,
    append: (event) => journal.append(event),
  })
  const responder = createResponderProcess({
    dataDir,
    ...(options.ports?.responder ? { ports: options.ports.responder } : {}),
    onEvent: (event) => void handleBootEvent(event).catch((error) => warn(String(error))),
    problems,
    random,
  })
  const imageDir = join(dataDir, 'images')
  const imageServer = createImageServerProcess({ dir: imageDir, port: ports.imageHttp, problems, random })
  const images = await openImageLibrary({
    database,
    dir: imageDir,
    now,
    append: (event) => journal.append(event),
    onChange: () =>
      void links()
        .reconsider()
        .catch((error) => warn(String(error))),
    runImport: importInProcess,
  })
  const bundle = await openBundleStore({
    dataDir,
    controlPlane,
    signerKeys: () => (siteState ? trustedKeys(identity, siteState) : identity.signerKeys),
    append: (event) => journal.append(event),
    onChange: () => publisher.publish(),
    random,
  })
  linksReady = createLinks({
    database,
    now,
    runner: () => runner,
    machines: () => machines,
    append: (event) => journal.append(event),
    onDiscovered: async (macs) => {
      await addDiscoveredMacs(database, macs, now())
      for (const mac of macs) discovered.add(mac)
      await publisher.publish()
    },
    onCorruptChunk: (chunk) => images.suspectChunk(chunk),
  })
  const ramdisks = createRamdiskServer({
    database,
    bootTokenKey: Buffer.from(bootTokenKey, 'base64url'),
    links: links(),
    now,
    warn,
  })
  const serving = createServing({
    routes: {
      upgradeRamdisk: ramdisks.handleUpgrade,
      phoneHome: (report) => handlePhoneHome({ database, runner }, report),
      isReady: () => siteState !== null,
      metrics: () => renderMetrics(status(), responder.counters()),
    },
    agentPort: ports.agentHttp,
    imageServer,
    problems,
    onClose: () => links().closeAll(),
  })

  const applyState = async (state: SiteState): Promise<void> => {
    const kept = new Set(state.machines.map((machine) => machine.machineId))
    const gone = (siteState?.machines ?? []).filter((machine) => !kept.has(machine.machineId))
    const forgotten = gone.flatMap((machine) => machine.macs)
    await dropDiscoveredMacs(database, forgotten)
    for (const mac of forgotten) discovered.delete(mac)
    siteState = state
    machines = indexMachines(state)
    await runner.reconcile(state.deployments)
    await desk.examine(state.deployments)
    images.want(state.images)
    bundle.want(state.bundleVersion)
    await serving.update(state, hostInterfaces)
    await publisher.publish()
    await links().reconsider()
    tunnel?.send({ type: 'state-applied', generation: state.generation, version: state.version })
  }
  const watchInterfaces = async (): Promise<void> => {
    const found = await options.listInterfaces()
    if (JSON.stringify(found) !== JSON.stringify(hostInterfaces)) {
      hostInterfaces = found
      await journal.append({ type: 'edge.interfaces', interfaces: found })
      await publisher.publish()
    }
    await serving.update(siteState, hostInterfaces)
  }
  const tick = async (): Promise<void> => {
    await runner.tick()
    links().tick()
  }
  const status = (): EdgeStatus => ({
    version,
    site: siteState?.siteName ?? identity.siteName,
    url: identity.url,
    edgeId: identity.edgeId,
    tunnel: tunnel?.status() ?? { kind: 'connecting', message: null },
    state: siteState ? { generation: siteState.generation, version: siteState.version } : null,
    bundle: bundle.current().version,
    serving: servedInterfaces(siteState, hostInterfaces),
    journal: journal.depth(),
    ramdisks: links().size(),
    deployments: countBy([...runner.all()].map((state) => state.status)),
    images: countBy([
      ...images.records().map((record) => record.status),
      ...images.progress().map(() => 'importing'),
    ]),
    problems: problems.list(),
  })

  const sync = await openStateSync({
    database,
    controlPlane,
    siteId: identity.siteId,
    now,
    random,
    complain: warn,
    apply: applyState,
    isConnected: () => tunnel?.status().kind === 'connected',
  })
  let tunnel: ReturnType<typeof startTunnel> | null = null
  const stored = sync.current()
  hostInterfaces = await options.listInterfaces()
  await journal.append({ type: 'edge.interfaces', interfaces: hostInterfaces })
  if (stored) await applyState(stored)
  else await publisher.publish()
  tunnel = startTunnel({
    controlPlane,
    journal,
    now,
    random,
    currentState: () => siteState,
    onStateChanged: sync.refresh,
    onStatus: createStatusTeller(options),
    ...(options.reconnectMs ? { reconnectMs: options.reconnectMs } : {}),
  })
  const telemetry = createTelemetry()
  const guarded = (work: () => Promise<void>) => () => void work().catch((error) => warn(String(error)))
  const timers = [
    setInterval(guarded(watchInterfaces), interfacesEveryMs),
    setInterval(guarded(tick), tickEveryMs),
    setInterval(() => {
      const frame = tunnel?.status().kind === 'connected' ? telemetry(runner.all(), images.progress()) : null
      if (frame) tunnel?.send(frame)
    }, telemetryEveryMs),
  ]
  return {
    status,
    handleBootEvent,
    agentPort: () => serving.agentPort(),
    imagePort: () => imageServer.port(),
    tick,
    stop: async () => {
      for (const timer of timers) clearInterval(timer)
      tunnel?.stop()
      sync.stop()
      bundle.stop()
      ramdisks.close()
      await Promise.all([serving.stop(), responder.stop(), images.stop()])
    },
  }
}

function countBy(names: string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** Tells the console when the connection changes, not on every try. */
function createStatusTeller({ say, warn, identity }: EdgeOptions): (status: TunnelStatus) => void {
  let told = ''
  return (status) => {
    const text =
      status.kind === 'connected' ? `Connected to ${identity.url}.` : (status.message ?? 'Connecting …')
    if (text === told) return
    told = text
    if (status.kind === 'connected') say(text)
    else warn(text)
  }
}
