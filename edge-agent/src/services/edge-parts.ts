import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { edgePorts, type HostInterface, type SiteEvent } from '@dragonfly/schema/wire'
import type { Database } from '../io/database.ts'
import { type BundleStore, openBundleStore } from './bundle.ts'
import type { ControlPlane } from './control-plane.ts'
import { createBootEventHandler } from './deployments/boot-events.ts'
import { createOrderDesk, type OrderDesk } from './deployments/order-desk.ts'
import { createOrders, trustedKeys } from './deployments/orders.ts'
import { createDeploymentRunner, type DeploymentRunner } from './deployments/runner.ts'
import { createImageServerProcess, type ImageServerProcess } from './image-server-process.ts'
import { type ImageLibrary, openImageLibrary } from './images/image-library.ts'
import { importInProcess } from './images/import-process.ts'
import { createProblems, type Problems } from './problems.ts'
import { createLinks, type Links } from './ramdisk-link/links.ts'
import type { SeenBootEvent } from './responder-messages.ts'
import { createResponderProcess, type ResponderProcess } from './responder-process.ts'
import { openSiteContext, type SiteContext } from './site-context.ts'
import { type EdgeIdentity, loadSecret, loadValue, storeValue } from './store/identity.ts'
import { type Journal, openJournal } from './store/journal.ts'
import { createViewPublisher, type ViewPublisher } from './view-publisher.ts'

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

/** What an edge is made of. The parts need each other, so each asks for the others when it acts. */
export interface EdgeParts {
  ports: { agentHttp: number; imageHttp: number }
  bootTokenKey: string
  journal: Journal
  /** Appends to the journal; a journal that can't be written is told at the console. */
  report: (event: SiteEvent) => Promise<void>
  problems: Problems
  site: SiteContext
  publisher: ViewPublisher
  desk: OrderDesk
  runner: DeploymentRunner
  links: Links
  responder: ResponderProcess
  handleBootEvent: (event: SeenBootEvent) => Promise<void>
  imageServer: ImageServerProcess
  images: ImageLibrary
  bundle: BundleStore
}

/** Makes the parts; none of them serves anything yet. `agentPort` is asked for when an order is handed out. */
export async function assembleEdge(options: EdgeOptions, agentPort: () => number | null): Promise<EdgeParts> {
  const { dataDir, database, identity, now, random, warn } = options
  const journal = await openJournal(database, { now })
  const report = (event: SiteEvent): Promise<void> =>
    journal.append(event).catch((error) => warn(`The journal could not be written: ${String(error)}`))
  const append = (event: SiteEvent): Promise<void> => journal.append(event)
  const ports = {
    agentHttp: options.ports?.agentHttp ?? edgePorts.agentHttp,
    imageHttp: options.ports?.imageHttp ?? edgePorts.imageHttp,
  }
  const bootTokenKey = await loadSecret(database, 'bootTokenKey', () => randomBytes(32).toString('base64url'))
  const problems = await openProblems(database, report, warn)
  const site = await openSiteContext(database, now)
  const imageDir = join(dataDir, 'images')
  const imageServer = createImageServerProcess({ dir: imageDir, port: ports.imageHttp, problems, random })
  const images = await openImageLibrary({
    database,
    dir: imageDir,
    now,
    append,
    warn,
    onChange: () => void parts.links.reconsider().catch((error) => warn(String(error))),
    runImport: importInProcess,
  })
  const bundle = await openBundleStore({
    dataDir,
    controlPlane: options.controlPlane,
    signerKeys: () => trustedKeys(identity, site.state()),
    append: report,
    onChange: () => publisher.publish(),
    random,
  })
  const publisher = createViewPublisher(
    () => parts.responder,
    () => ({
      state: site.state(),
      hostInterfaces: site.hostInterfaces(),
      deployments: parts.runner.all(),
      discoveredMacs: site.discoveredMacs(),
      bundle: bundle.current(),
      bootTokenKey,
    }),
  )
  const desk = createOrderDesk({
    orders: createOrders({
      database,
      identity,
      now,
      ports: () => ({
        agentHttp: agentPort() ?? ports.agentHttp,
        imageHttp: imageServer.port() ?? ports.imageHttp,
      }),
      siteState: site.state,
      machines: site.machines,
      imageReadiness: images.readiness,
    }),
    runner: () => parts.runner,
    links: () => parts.links,
    warn,
  })
  const runner = await createDeploymentRunner({
    database,
    journal,
    now,
    publishView: publisher.publish,
    giveOrder: desk.give,
    sendToMachine: (machineId, frame) => parts.links.forMachine(machineId)?.send(frame),
  })
  const links = createLinks({
    database,
    now,
    runner: () => runner,
    machines: site.machines,
    append,
    onDiscovered: async (macs) => {
      await site.discover(macs)
      await publisher.publish()
    },
    onCorruptChunk: images.suspectChunk,
  })
  const handleBootEvent = createBootEventHandler({
    now,
    machines: site.machines,
    view: publisher.current,
    runner: () => runner,
    append,
  })
  const responder = createResponderProcess({
    dataDir,
    ...(options.ports?.responder ? { ports: options.ports.responder } : {}),
    onEvent: (event) => void handleBootEvent(event).catch((error) => warn(String(error))),
    problems,
    random,
  })
  const parts: EdgeParts = {
    ports,
    bootTokenKey,
    journal,
    report,
    problems,
    site,
    publisher,
    desk,
    runner,
    links,
    responder,
    handleBootEvent,
    imageServer,
    images,
    bundle,
  }
  return parts
}

async function openProblems(
  database: Database,
  append: (event: SiteEvent) => Promise<void>,
  warn: (message: string) => void,
): Promise<Problems> {
  const kept = await loadValue(database, 'openProblems')
  return createProblems({
    append,
    openBefore: kept ? (JSON.parse(kept) as string[]) : [],
    remember: (names) =>
      storeValue(database, 'openProblems', JSON.stringify(names)).catch((error) => warn(String(error))),
  })
}
