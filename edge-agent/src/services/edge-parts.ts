import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Log } from '@dragonfly/schema/log'
import { edgePorts, type HostInterface, type SiteEvent, type SiteState } from '@dragonfly/schema/wire'
import type { Database } from '../io/database.ts'
import { openNodeUdpSocket } from '../io/node-udp-socket.ts'
import { type Bmcs, type BmcsOptions, openBmcs } from './bmc/bmcs.ts'
import { servedInterfaces } from './boot-view.ts'
import { type BundleStore, openBundleStore } from './bundle.ts'
import type { ControlPlane } from './control-plane.ts'
import { createBootEventHandler } from './deployments/boot-events.ts'
import { createOrderDesk, type OrderDesk } from './deployments/order-desk.ts'
import { createOrders, trustedKeys } from './deployments/orders.ts'
import { createDeploymentRunner, type DeploymentRunner } from './deployments/runner.ts'
import { createDhcpObserver, type DhcpObserver } from './dhcp-observer.ts'
import type { IdentityKeys } from './identity-keys.ts'
import { createImageServerProcess, type ImageServerProcess } from './image-server-process.ts'
import { type ImageLibrary, openImageLibrary } from './images/image-library.ts'
import { importInProcess } from './images/import-process.ts'
import { logEvents } from './log-events.ts'
import { createProblems, type Problems } from './problems.ts'
import { type BmcAccounts, createBmcAccounts } from './ramdisk-link/bmc-accounts.ts'
import { createLinks, type Links } from './ramdisk-link/links.ts'
import type { SeenBootEvent } from './responder-messages.ts'
import { createResponderProcess, type ResponderProcess } from './responder-process.ts'
import { openSealing, type Sealing } from './sealing.ts'
import { createSiblings } from './siblings/siblings.ts'
import { openSiteContext, type SiteContext } from './site-context.ts'
import { type EdgeIdentity, loadSecret, loadValue, storeValue } from './store/identity.ts'
import { type Journal, openJournal } from './store/journal.ts'
import { createViewPublisher, type ViewPublisher } from './view-publisher.ts'

export interface EdgeOptions {
  dataDir: string
  database: Database
  identity: EdgeIdentity
  controlPlane: ControlPlane
  keys: IdentityKeys
  /** Caches that ramdisks fetch images from, instead of from this edge. */
  imageServers?: readonly string[]
  now: () => number
  random: () => number
  log: Log
  listInterfaces: () => Promise<HostInterface[]>
  /** It can become another version by itself. */
  canUpdate?: boolean
  /** Another desired state is in force. */
  onState?: (state: SiteState) => void
  /** Other ports than the agreed ones, for tests. */
  ports?: { agentHttp?: number; imageHttp?: number; responder?: Record<string, number> }
  reconnectMs?: { first: number; longest: number }
  /** Other ways to reach BMCs than the real ones, for tests. */
  bmc?: NonNullable<BmcsOptions['bmc']>
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
  sealing: Sealing
  publisher: ViewPublisher
  desk: OrderDesk
  runner: DeploymentRunner
  links: Links
  accounts: BmcAccounts
  responder: ResponderProcess
  handleBootEvent: (event: SeenBootEvent) => Promise<void>
  imageServer: ImageServerProcess
  images: ImageLibrary
  bundle: BundleStore
  bmcs: Bmcs
  dhcpObserver: DhcpObserver
}

/** Makes the parts; none of them serves anything yet. `agentPort` is asked for when an order is handed out. */
export async function assembleEdge(options: EdgeOptions, agentPort: () => number | null): Promise<EdgeParts> {
  const later = (): EdgeParts => parts
  const records = await openRecords(options)
  const stores = await openStores(options, records, later)
  const publisher = createPublisher(records, stores, later)
  const desk = createDesk(options, { ...records, ...stores }, later, agentPort)
  const runner = await createDeploymentRunner({
    database: options.database,
    journal: records.journal,
    now: options.now,
    publishView: publisher.publish,
    giveOrder: desk.give,
    sendToMachine: (machineId, frame) => parts.links.forMachine(machineId)?.send(frame),
  })
  const machines = createMachineSide(options, { ...records, ...stores, publisher, runner }, later)
  const bmcs = await openBmcs({
    ...options,
    ...records,
    warn: options.log.warn,
    isImageReady: (digest) => stores.images.readiness(digest) === 'ready',
    isBundleReady: () => stores.bundle.current().ready,
    runner,
    askRamdisk: (machineId) => {
      const link = machines.links.forMachine(machineId)
      return link && machines.accounts.ask(link)
    },
    isInRamdisk: (machineId) => machines.links.forMachine(machineId) !== null,
  })
  const dhcpObserver = createObserver(options, records)
  const parts: EdgeParts = {
    ...records,
    ...stores,
    publisher,
    desk,
    runner,
    bmcs,
    dhcpObserver,
    ...machines,
  }
  return parts
}

type Records = Pick<
  EdgeParts,
  'ports' | 'bootTokenKey' | 'journal' | 'report' | 'problems' | 'site' | 'sealing'
>
type Stores = Pick<EdgeParts, 'imageServer' | 'images' | 'bundle'>

/** What is known, and what is told. */
async function openRecords({ database, now, log, ...options }: EdgeOptions): Promise<Records> {
  const journal = await openJournal(database, { now })
  journal.onAppend((events) => logEvents(log, events))
  const report = (event: SiteEvent): Promise<void> =>
    journal.append(event).catch((error) => log.error('The journal could not be written.', { error }))
  return {
    ports: {
      agentHttp: options.ports?.agentHttp ?? edgePorts.agentHttp,
      imageHttp: options.ports?.imageHttp ?? edgePorts.imageHttp,
    },
    bootTokenKey: await loadSecret(database, 'bootTokenKey', () => randomBytes(32).toString('base64url')),
    journal,
    report,
    problems: await openProblems(database, report, log),
    site: await openSiteContext(database, now),
    sealing: await openSealing({ dataDir: options.dataDir, siteId: options.identity.siteId, now }),
  }
}

/** What machines are given: images and the boot bundle. */
async function openStores(options: EdgeOptions, records: Records, later: () => EdgeParts): Promise<Stores> {
  const { dataDir, database, identity, now, random, log } = options
  const { ports, journal, report, problems, site } = records
  const dir = join(dataDir, 'images')
  const siblings = createSiblings({
    edgeId: identity.edgeId,
    siblings: () => site.state()?.siblings ?? [],
    ownAddresses: () => new Set(site.hostInterfaces().flatMap(({ address }) => address ?? [])),
    ports,
    now,
    allowsLocal: process.env.DRAGONFLY_EDGE_LOCAL_IMAGES === 'allow',
  })
  return {
    imageServer: createImageServerProcess({ dataDir, port: ports.imageHttp, problems, random }),
    images: await openImageLibrary({
      database,
      dir,
      now,
      append: journal.append,
      warn: log.warn,
      siblings,
      onChange: () =>
        void later()
          .links.reconsider()
          .catch((error) => log.warn('Ramdisks could not be told of an image.', { error })),
      runImport: (job) => importInProcess(options.controlPlane, job),
    }),
    bundle: await openBundleStore({
      dataDir,
      controlPlane: options.controlPlane,
      siblings,
      warn: log.warn,
      signerKeys: () => trustedKeys(identity, site.state()),
      append: report,
      onChange: () => later().publisher.publish(),
      random,
    }),
  }
}

function createPublisher(
  { site, bootTokenKey }: Records,
  { bundle }: Stores,
  later: () => EdgeParts,
): ViewPublisher {
  return createViewPublisher(
    () => later().responder,
    () => ({
      state: site.state(),
      hostInterfaces: site.hostInterfaces(),
      deployments: later().runner.all(),
      discoveredMacs: site.discoveredMacs(),
      bundle: bundle.current(),
      bootTokenKey,
    }),
  )
}

function createDesk(
  { database, identity, now, log, imageServers }: EdgeOptions,
  { ports, site, imageServer, images }: Records & Stores,
  later: () => EdgeParts,
  agentPort: () => number | null,
): OrderDesk {
  const orders = createOrders({
    database,
    identity,
    now,
    ports: () => ({
      agentHttp: agentPort() ?? ports.agentHttp,
      imageHttp: imageServer.port() ?? ports.imageHttp,
    }),
    imageServers: imageServers ?? [],
    siteState: site.state,
    machines: site.machines,
    imageReadiness: images.readiness,
  })
  return createOrderDesk({ orders, runner: () => later().runner, links: () => later().links, warn: log.warn })
}

function createObserver({ now, random, ports }: EdgeOptions, records: Records): DhcpObserver {
  const { site, report, problems } = records
  return createDhcpObserver({
    openUdpSocket: openNodeUdpSocket,
    hostInterfaces: site.hostInterfaces,
    served: () => servedInterfaces(site.state(), site.hostInterfaces()).map(({ name }) => name),
    now,
    random,
    report,
    problems,
    ports: {
      dhcpServer: ports?.responder?.dhcpServer ?? 67,
      dhcpClient: ports?.responder?.dhcpClient ?? 68,
    },
  })
}

/** The parts that machines talk to: their ramdisks' links, and the boot responder. */
function createMachineSide(
  { dataDir, database, now, random, log, ports }: EdgeOptions,
  parts: Records & Stores & Pick<EdgeParts, 'publisher' | 'runner'>,
  later: () => EdgeParts,
): Pick<EdgeParts, 'links' | 'accounts' | 'handleBootEvent' | 'responder'> {
  const { site, publisher, journal, problems, images } = parts
  const runner = () => parts.runner
  const { append } = journal
  const accounts = createBmcAccounts()
  const links = createLinks({
    onBmcAccount: accounts.take,
    database,
    now,
    runner,
    machines: site.machines,
    append,
    onDiscovered: async (macs) => {
      await site.discover(macs)
      await publisher.publish()
    },
    onCorruptChunk: images.suspectChunk,
  })
  const view = publisher.current
  const handleBootEvent = createBootEventHandler({
    now,
    machines: site.machines,
    view,
    runner,
    append,
    onStarted: (machineId) => later().bmcs.commands.machineStarted(machineId),
  })
  const responder = createResponderProcess({
    dataDir,
    ...(ports?.responder ? { ports: ports.responder } : {}),
    onEvent: (event) =>
      void handleBootEvent(event).catch((error) =>
        log.error('What a machine did while it boots was lost.', { error }),
      ),
    onLeases: (leases) =>
      void append({ type: 'dhcp.leases', leases }).catch((error) =>
        log.error('Leases could not be told of.', { error }),
      ),
    problems,
    random,
  })
  return { links, accounts, handleBootEvent, responder }
}

async function openProblems(
  database: Database,
  append: (event: SiteEvent) => Promise<void>,
  log: Log,
): Promise<Problems> {
  const kept = await loadValue(database, 'openProblems')
  return createProblems({
    append,
    openBefore: kept ? (JSON.parse(kept) as string[]) : [],
    remember: (names) =>
      storeValue(database, 'openProblems', JSON.stringify(names)).catch((error) =>
        log.error('Open problems could not be remembered.', { error }),
      ),
  })
}
