import {
  consoleAbility,
  observeDhcpAbility,
  replaceKeyAbility,
  type SiteState,
  signerLinksAbility,
  updateAbility,
} from '@dragonfly/schema/wire'
import { knownCommands } from './bmc/commands.ts'
import { servedInterfaces } from './boot-view.ts'
import { trustedKeys } from './deployments/orders.ts'
import { handlePhoneHome } from './deployments/phone-home.ts'
import { checkDisk } from './doctor/check-host.ts'
import { assembleEdge, type EdgeOptions, type EdgeParts } from './edge-parts.ts'
import type { CacheWishes } from './images/shelf.ts'
import { createKeyKeeper } from './keep-key.ts'
import { learnSigners } from './learn-signers.ts'
import { renderMetrics } from './metrics.ts'
import type { Problems } from './problems.ts'
import { createRamdiskServer } from './ramdisk-link/server.ts'
import { judgeReadiness, type Unready } from './readiness.ts'
import type { SeenBootEvent } from './responder-messages.ts'
import { endService, readRevocation } from './revocation.ts'
import { retireUnused } from './sealing.ts'
import { createServing, type Serving } from './serving.ts'
import { openStateSync } from './state-sync.ts'
import type { EdgeStatus } from './status.ts'
import { createTelemetry, telemetryEveryMs } from './telemetry.ts'
import { startTunnel, type Tunnel, type TunnelStatus } from './tunnel/client.ts'
import { version } from './version.ts'

export interface RunningEdge {
  status(): EdgeStatus
  handleBootEvent(event: SeenBootEvent): Promise<void>
  agentPort(): number | null
  imagePort(): number | null
  /** The clock moved: watchdogs, held ramdisks. */
  tick(): Promise<void>
  /** `keepResponder`: it goes on answering machines, for the supervisor that comes next. */
  stop(options?: { keepResponder: boolean }): Promise<void>
  problems: Problems
  siteState(): SiteState | null
}

const interfacesEveryMs = 10_000
const diskEveryMs = 60_000
const tickEveryMs = 2_000
/** How finely polls are spread. */
const pollTickMs = 250
const keyLookEveryMs = 60 * 60_000
/** By then every part has found its problems again. */
const problemsSettleMs = 30_000
/** Before the problems settle: those of an earlier run are found again, or over. */
const firstDhcpObservationMs = 15_000
const dhcpObservationEveryMs = 30 * 60_000

/** Starts an edge: it serves its site at once from what is on its disk, and the control plane joins in. */
export async function startEdge(options: EdgeOptions): Promise<RunningEdge> {
  const { now, random, log } = options
  let tunnel: Tunnel | null = null
  const parts = await assembleEdge(options, () => serving.agentPort())
  const status = (): EdgeStatus => describeEdge(options, parts, { tunnel, agentPort: serving.agentPort() })
  const ramdisks = createRamdiskServer({
    database: options.database,
    bootTokenKey: Buffer.from(parts.bootTokenKey, 'base64url'),
    links: parts.links,
    now,
    log,
  })
  const serving = createServing({
    routes: {
      log,
      upgradeRamdisk: ramdisks.handleUpgrade,
      phoneHome: (report) => handlePhoneHome({ database: options.database, runner: parts.runner }, report),
      findUnready: () => findUnready(parts),
      standing: (thing) => ({
        edgeId: options.identity.edgeId,
        ...(thing.kind === 'image'
          ? parts.images.standing(thing.imageId)
          : parts.bundle.standing(thing.version)),
      }),
      metrics: () =>
        renderMetrics(status(), { ...parts.responder.counters(), ...parts.imageServer.counters() }),
    },
    agentPort: parts.ports.agentHttp,
    imageServer: parts.imageServer,
    problems: parts.problems,
    onClose: parts.links.closeAll,
  })
  const keeper = createKeyKeeper(options.keys, log)
  options.keys.onReplaced(async () => {
    await parts.sealing.signAnew()
    tunnel?.reconnect()
  })
  const takeState = async (state: SiteState): Promise<void> => {
    await learnSigners(options.database, options.identity, state)
    await applyState(state, parts, serving)
    keeper.handleState(state)
  }
  const sync = await openStateSync({
    ...options,
    siteId: options.identity.siteId,
    complain: log.warn,
    apply: async (state) => {
      await takeState(state)
      options.onState?.(state)
      tunnel?.send({ type: 'state-applied', generation: state.generation, version: state.version })
    },
    isConnected: () => tunnel?.status().kind === 'connected',
  })
  await watchInterfaces(options, parts, serving)
  const stored = sync.current()
  if (stored) await takeState(stored)
  const tell = createStatusTeller(options)
  tunnel = startTunnel({
    ...options,
    journal: parts.journal,
    random,
    currentState: parts.site.state,
    sealingKey: parts.sealing.signedKey,
    onStateChanged: sync.refresh,
    commands: [
      ...knownCommands,
      consoleAbility,
      observeDhcpAbility,
      signerLinksAbility,
      replaceKeyAbility,
      ...(options.canUpdate ? [updateAbility] : []),
    ],
    onCancelCommand: parts.bmcs.cancel,
    onConsoleOpen: parts.bmcs.consoles.open,
    onObserveDhcp: () =>
      void parts.dhcpObserver
        .observeAll()
        .catch((error) => log.warn('DHCP servers could not be listened for.', { error })),
    onCommand: (frame) =>
      void parts.bmcs.commands
        .take(frame)
        .catch((error) => log.error('A command was lost.', { commandId: frame.commandId, error })),
    onStatus: (status) => {
      tell(status)
      keeper.handleStatus(status)
      if (status.kind !== 'revoked') return
      sync.stop()
      void endService({ ...parts, serving }, options.database, status.revokedAt).catch((error) =>
        log.error('A revoked edge could not end its service.', { error }),
      )
    },
    readRevocation: (text) =>
      readRevocation(text, options.identity.edgeId, trustedKeys(options.identity, parts.site.state())),
  })
  await watchDisk(options, parts)
  const keyTimer = setInterval(keeper.tick, keyLookEveryMs)
  const stopTimers = startTimers(options, parts, serving, tunnel)
  return {
    status,
    handleBootEvent: parts.handleBootEvent,
    agentPort: serving.agentPort,
    imagePort: parts.imageServer.port,
    tick: () => tick(parts),
    problems: parts.problems,
    siteState: parts.site.state,
    stop: async ({ keepResponder } = { keepResponder: false }) => {
      stopTimers()
      clearInterval(keyTimer)
      tunnel?.stop()
      sync.stop()
      parts.bundle.stop()
      await ramdisks.close()
      const endResponder = keepResponder ? parts.responder.leave() : parts.responder.stop()
      await Promise.all([serving.stop(), endResponder, parts.images.stop(), parts.bmcs.stop()])
    },
  }
}

/** Acts on a state that is on disk already. Orders are examined before a machine is booted for them. */
async function applyState(state: SiteState, parts: EdgeParts, serving: Serving): Promise<void> {
  const { site, runner, desk, images, bundle, publisher, links } = parts
  await site.take(state)
  await runner.reconcile(state.deployments)
  await desk.examine(state.deployments)
  images.want(state.images, cacheWishes(state))
  bundle.want(state.bundleVersion)
  await serving.update(state, site.hostInterfaces())
  await publisher.publish()
  await links.reconsider()
  await retireUnused(parts.sealing, state)
  // A BMC that is silent takes its time: nothing waits for its session to end.
  void parts.bmcs.want(state)
  await parts.bmcs.tick()
}

/** An older control plane does not name the images that are in use: the plans do, of what is armed and running. */
function cacheWishes({ images, imagesInUse, imageCacheBytes, deployments }: SiteState): CacheWishes {
  const digests = new Set(
    deployments.flatMap(({ plan }) =>
      plan.actions.flatMap((action) => (action.action === 'write-image' ? [action.manifestDigest] : [])),
    ),
  )
  const named = images.filter(({ manifestDigest }) => manifestDigest !== null && digests.has(manifestDigest))
  const inUse = new Set([...(imagesInUse ?? []), ...named.map(({ imageId }) => imageId)])
  return { inUse, maxBytes: imageCacheBytes ?? null }
}

async function watchInterfaces(options: EdgeOptions, parts: EdgeParts, serving: Serving): Promise<void> {
  const { site, report, publisher } = parts
  const found = await options.listInterfaces()
  if (site.takeInterfaces(found)) {
    await report({ type: 'edge.interfaces', interfaces: found })
    await publisher.publish()
  }
  await serving.update(site.state(), site.hostInterfaces())
}

/** While there is room to write it down: a full disk can't be told any more. */
async function watchDisk({ dataDir }: EdgeOptions, { problems, images }: EdgeParts): Promise<void> {
  images.lookForRoom()
  const { level, message, remedy } = await checkDisk(dataDir)
  if (level === 'problem') await problems.raise('disk-low', 'disk', `${message} ${remedy}`)
  else await problems.clear('disk')
}

async function tick({ runner, links, bmcs }: EdgeParts): Promise<void> {
  await runner.tick()
  links.tick()
  await bmcs.tick()
}

function startTimers(options: EdgeOptions, parts: EdgeParts, serving: Serving, tunnel: Tunnel): () => void {
  const telemetry = createTelemetry()
  const guarded = (work: () => Promise<void>) => () =>
    void work().catch((error) => options.log.error('What is due now and then failed.', { error }))
  const timers = [
    setInterval(
      guarded(() => watchInterfaces(options, parts, serving)),
      interfacesEveryMs,
    ),
    setInterval(
      guarded(() => watchDisk(options, parts)),
      diskEveryMs,
    ),
    setInterval(
      guarded(() => tick(parts)),
      tickEveryMs,
    ),
    setInterval(() => {
      if (tunnel.status().kind !== 'connected') return
      for (const frame of parts.bmcs.poller.frames()) tunnel.send(frame)
      const frame = telemetry(parts.runner.all(), parts.images.progress())
      if (frame) tunnel.send(frame)
    }, telemetryEveryMs),
    setInterval(() => parts.bmcs.poller.tick(), pollTickMs),
    setTimeout(guarded(parts.problems.settle), problemsSettleMs),
    setTimeout(guarded(parts.dhcpObserver.observeServed), firstDhcpObservationMs),
    setInterval(guarded(parts.dhcpObserver.observeServed), dhcpObservationEveryMs),
  ]
  return () => {
    for (const timer of timers) clearTimeout(timer)
  }
}

function describeEdge(
  { identity }: EdgeOptions,
  parts: EdgeParts,
  { tunnel, agentPort }: { tunnel: Tunnel | null; agentPort: number | null },
): EdgeStatus {
  const { site, bundle, journal, links, runner, images, problems } = parts
  const state = site.state()
  return {
    version,
    site: state?.siteName ?? identity.siteName,
    url: identity.url,
    edgeId: identity.edgeId,
    tunnel: tunnel?.status() ?? { kind: 'connecting', message: null },
    state: state ? { generation: state.generation, version: state.version } : null,
    bundle: bundle.current().version,
    serving: servedInterfaces(state, site.hostInterfaces()),
    journal: journal.depth(),
    ramdisks: links.size(),
    deployments: countBy([...runner.all()].map((deployment) => deployment.status)),
    images: countBy([
      ...images.records().map((record) => record.status),
      ...images.progress().map(() => 'importing'),
    ]),
    problems: problems.list(),
    health: judgeHealth(parts, agentPort),
  }
}

function findUnready({ site, responder, imageServer, bundle, problems }: EdgeParts): Unready[] {
  return judgeReadiness({
    hasState: site.state() !== null,
    listeners: responder.listeners(),
    isImageServerUp: imageServer.port() !== null,
    hasBundle: bundle.current().ready,
    problems: problems.list(),
  })
}

/** An edge that serves no interface has nothing to be missed. */
function judgeHealth(
  { site, responder, imageServer }: EdgeParts,
  agentPort: number | null,
): EdgeStatus['health'] {
  if (servedInterfaces(site.state(), site.hostInterfaces()).length === 0) return { ok: true, missing: [] }
  const missing = [
    ...(responder.listeners().length > 0 ? [] : ['the boot responder']),
    ...(imageServer.port() !== null ? [] : ['the image server']),
    ...(agentPort !== null ? [] : ['the ramdisks’ port']),
  ]
  return { ok: missing.length === 0, missing }
}

function countBy(names: string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** Logs when the connection changes, not every try. */
function createStatusTeller({ log, identity }: EdgeOptions): (status: TunnelStatus) => void {
  let told = ''
  return (status) => {
    const text =
      status.kind === 'connected' ? `Connected to ${identity.url}.` : (status.message ?? 'Connecting …')
    if (text === told) return
    told = text
    if (status.kind === 'connected') log.info(text)
    else log.warn(text)
  }
}
