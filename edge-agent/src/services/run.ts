import type { Log } from '@dragonfly/schema/log'
import type { SiteState } from '@dragonfly/schema/wire'
import { listHostInterfaces } from '../io/host-interfaces.ts'
import { openProcessLog } from '../io/process-log.ts'
import { openSystemdNotifier } from '../io/systemd-notify.ts'
import { limitYoungGeneration } from '../io/young-generation.ts'
import { giveUpPrivileges } from './confine.ts'
import { type ControlPlane, createControlPlane, createKeyDesk, describeError } from './control-plane.ts'
import { trustedKeys } from './deployments/orders.ts'
import { examine } from './doctor/examine.ts'
import { type RunningEdge, startEdge } from './edge.ts'
import { openIdentityKeys } from './identity-keys.ts'
import { explainRevoked } from './revocation.ts'
import { removeSealingKeys } from './sealing-keys.ts'
import { askRunningEdge, type ProgramStatus, serveStatus } from './status.ts'
import { loadIdentity } from './store/identity.ts'
import { openStore } from './store/store.ts'
import { openUpdates, type Updates } from './update/updates.ts'
import { findInstallation } from './update/versions.ts'
import { version } from './version.ts'

/** `dragonfly-edge run`: until it is told to stop. Gives the exit code. */
export async function runEdge(options: {
  dataDir: string
  /** Where ramdisks fetch images; from this edge when empty. */
  imageServers: readonly string[]
  complain: (text: string) => void
}): Promise<number> {
  const { dataDir, complain } = options
  await giveUpPrivileges(dataDir, complain)
  if (await askRunningEdge(dataDir)) {
    complain(`dragonfly-edge: another one is running on ${dataDir}. Stop it first, or use another --data.`)
    return 1
  }
  limitYoungGeneration()
  const database = await openStore(dataDir)
  const identity = await loadIdentity(database)
  const keys =
    identity &&
    (await openIdentityKeys({ dataDir, identity, desk: createKeyDesk(identity, Date.now), now: Date.now }))
  if (!identity || !keys) {
    database.close()
    complain('dragonfly-edge: this edge has not joined a site yet. First: dragonfly-edge join URL TOKEN')
    return 1
  }
  const revoked = await explainRevoked(database)
  if (revoked) {
    await removeSealingKeys(dataDir)
    database.close()
    complain(`dragonfly-edge: ${revoked}`)
    return 1
  }
  const { edgeId, siteId, siteName, url } = identity
  const log = openProcessLog('supervisor').with({ edgeId, siteId })
  log.info(`dragonfly-edge ${version} at site ${siteName} of ${url}; data in ${dataDir}.`, { version })
  // From here on there may be processes to be ended: told while it starts, it stops in order once it has started.
  const toldToStop = untilToldToStop()
  const controlPlane = createControlPlane(identity, keys.current, Date.now)
  const updateHook: { want: (state: SiteState) => void } = { want: () => undefined }
  const installation = await findInstallation(process.argv[1])
  const edge = await startEdge({
    canUpdate: installation !== null,
    onState: (state) => updateHook.want(state),
    dataDir,
    database,
    identity,
    imageServers: options.imageServers,
    controlPlane,
    keys,
    now: Date.now,
    random: Math.random,
    log,
    listInterfaces: listHostInterfaces,
  })
  const updates = await openUpdates({
    dataDir,
    controlPlane,
    signerKeys: () => trustedKeys(identity, edge.siteState()),
    installation,
    isConnected: () => edge.status().tunnel.kind === 'connected',
    problems: edge.problems,
    warn: log.warn,
    handOver: async () => {
      await edge.stop({ keepResponder: true })
      await closeStatus()
      database.close()
    },
  })
  updateHook.want = ({ edgeUpdate }) => updates.want(edgeUpdate)
  const state = edge.siteState()
  if (state) updateHook.want(state)
  const closeStatus = await serveStatus(dataDir, {
    '/status': (): ProgramStatus => ({ ...edge.status(), update: updates.status() }),
    '/doctor': () => examineRunning(dataDir, edge, controlPlane),
    '/update': (query) => takeUpdate(updates, query),
  })
  const stopNotifying = await tellSystemd()
  log.info('Stopping.', { signal: await toldToStop })
  stopNotifying()
  updates.stop()
  await shutDown(edge, log)
  await closeStatus()
  database.close()
  log.info('Stopped.')
  return 0
}

/** A person at the console wants another version. */
async function takeUpdate(updates: Updates, query: URLSearchParams) {
  const file = query.get('file')
  try {
    const version = file ? await updates.takeFile(file) : await updates.takeRelease(query.get('version'))
    return { version }
  } catch (error) {
    return { refused: describeError(error) }
  }
}

function examineRunning(dataDir: string, edge: RunningEdge, { url, authorization }: ControlPlane) {
  const { serving, problems } = edge.status()
  return examine({
    dataDir,
    url,
    authorization,
    hasJoined: true,
    running: {
      fullModeOn: serving.filter(({ mode }) => mode === 'full').map(({ name }) => name),
      problems: problems.map(({ message }) => message),
    },
  })
}

/** It serves; and it lives for as long as its event loop turns. */
async function tellSystemd(): Promise<() => void> {
  const notifier = await openSystemdNotifier(process.env)
  notifier?.notify('READY=1')
  if (!notifier?.watchdogMs) return () => undefined
  const timer = setInterval(() => notifier.notify('WATCHDOG=1'), notifier.watchdogMs / 3)
  return () => clearInterval(timer)
}

/** The bound of an ordered stop. What is left undone then is taken up at the next start, from the journal and the store. */
const stopsWithinMs = 15_000

async function shutDown(edge: RunningEdge, log: Log): Promise<void> {
  const patience = setTimeout(() => {
    log.error('It could not stop in order in time, and ends as it is.')
    process.exit(1)
  }, stopsWithinMs)
  await edge.stop()
  clearTimeout(patience)
}

/** The first signal; a second one ends the program at once. */
function untilToldToStop(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isTold = false
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
      process.on(signal, () => {
        if (isTold) process.exit(1)
        isTold = true
        resolve(signal)
      })
  })
}
