import { isActive } from '@dragonfly/schema/state'
import type { EdgeToAgentFrame, SiteDeployment, SiteEvent } from '@dragonfly/schema/wire'
import type { Database } from '../../io/database.ts'
import { armDeployment, transition } from '../../protocol/deployment-state.ts'
import type { DeploymentEffect, DeploymentInput, DeploymentState } from '../../protocol/deployment-types.ts'
import { findForgettable, forgetDeployment, loadDeployments, storeDeployment } from '../store/deployments.ts'
import type { Journal } from '../store/journal.ts'

export interface DeploymentPorts {
  database: Database
  journal: Journal
  now: () => number
  /** Tells the boot responder what machines boot now; resolves when it was sent. */
  publishView: () => Promise<void>
  /** Hands the order to the machine's ramdisk; reports back by inputs. Not awaited. */
  giveOrder: (state: DeploymentState) => void
  sendToMachine: (machineId: string, frame: EdgeToAgentFrame) => void
}

/** Every deployment of this edge, and the only place that changes one. */
export interface DeploymentRunner {
  all(): Iterable<DeploymentState>
  get(deploymentId: string): DeploymentState | null
  activeFor(machineId: string): DeploymentState | null
  findByOrder(machineId: string, orderId: string): DeploymentState | null
  /** Feeds one input; resolves when its effects are done. Inputs are taken one after the other. */
  apply(deploymentId: string, input: DeploymentInput): Promise<void>
  /** Takes what a new desired state says. */
  reconcile(wanted: readonly SiteDeployment[]): Promise<void>
  tick(): Promise<void>
  /** Forgets every deployment without a word: the site's other edges have them. */
  abandon(): Promise<void>
}

export async function createDeploymentRunner(ports: DeploymentPorts): Promise<DeploymentRunner> {
  const { database, journal, now } = ports
  const states = new Map<string, DeploymentState>()
  for (const state of await loadDeployments(database)) {
    // While the edge was down nobody could report: the watchdog starts afresh.
    states.set(state.deploymentId, isActive(state.status) ? { ...state, signAt: now() } : state)
  }
  let queue: Promise<void> = Promise.resolve()
  const enqueue = (work: () => Promise<void>): Promise<void> => {
    const done = queue.then(work)
    queue = done.catch(() => undefined)
    return done
  }

  const carryOut = async (state: DeploymentState, effect: DeploymentEffect): Promise<void> => {
    const send = (frame: EdgeToAgentFrame) => ports.sendToMachine(state.machineId, frame)
    switch (effect.kind) {
      case 'journal':
        return
      case 'view':
        return ports.publishView()
      case 'give-order':
        return ports.giveOrder(state)
      case 'abort':
        return send({ type: 'abort', orderId: effect.orderId })
      case 'result-taken':
        return send({ type: 'result-taken', orderId: effect.orderId })
      case 'restart':
        return send({ type: 'restart', reason: effect.reason })
    }
  }
  const applyNow = async (deploymentId: string, input: DeploymentInput): Promise<void> => {
    const before = states.get(deploymentId)
    if (!before) return
    const { state, effects } = transition(before, input, now())
    if (state === before && effects.length === 0) return
    const events = effects.flatMap((effect) => (effect.kind === 'journal' ? [effect.event] : []))
    if (events.length > 0 || mustPersist(before, state)) await persist(state, events)
    states.set(deploymentId, state)
    for (const effect of effects) await carryOut(state, effect)
  }
  const persist = async (state: DeploymentState, events: SiteEvent[]): Promise<void> => {
    await database.batch([storeDeployment(state, now()), ...journal.statements(events)])
    if (events.length > 0) await journal.appended(events)
  }
  const arm = async (wanted: SiteDeployment): Promise<void> => {
    const state = armDeployment({ ...pickArmed(wanted), phonesHome: wanted.plan.phonesHome }, now())
    await persist(state, [])
    states.set(state.deploymentId, state)
  }
  /** What the site no longer lists: never handed out here, it is simply no longer ours; else it is stopped. */
  const dismiss = async (state: DeploymentState): Promise<void> => {
    const { deploymentId, machineId } = state
    if (state.lastOrderId !== null) return applyNow(deploymentId, { type: 'abort' })
    states.delete(deploymentId)
    await forgetDeployment(database, deploymentId)
    await ports.publishView()
    if (state.stage === 'ramdisk')
      ports.sendToMachine(machineId, { type: 'restart', reason: 'The deployment was taken back.' })
  }
  const takeWanted = async (wanted: readonly SiteDeployment[]): Promise<void> => {
    const listed = new Set(wanted.map((deployment) => deployment.deploymentId))
    for (const state of [...states.values()]) {
      if (isActive(state.status) && !listed.has(state.deploymentId)) await dismiss(state)
    }
    for (const deployment of wanted) {
      const { deploymentId, armedUntil } = deployment
      if (!states.has(deploymentId)) await arm(deployment)
      else if (states.get(deploymentId)?.armedUntil !== armedUntil)
        await applyNow(deploymentId, { type: 'armed-until', armedUntil })
      if (deployment.desired === 'abort') await applyNow(deploymentId, { type: 'abort' })
    }
    for (const deploymentId of await findForgettable(states.values(), now())) {
      states.delete(deploymentId)
      await forgetDeployment(database, deploymentId)
    }
  }
  return {
    all: () => states.values(),
    get: (deploymentId) => states.get(deploymentId) ?? null,
    activeFor: (machineId) =>
      [...states.values()].findLast((state) => state.machineId === machineId && isActive(state.status)) ??
      null,
    findByOrder: (machineId, orderId) =>
      [...states.values()].find((state) => state.machineId === machineId && state.orderId === orderId) ??
      null,
    apply: (deploymentId, input) => enqueue(() => applyNow(deploymentId, input)),
    abandon: () =>
      enqueue(async () => {
        for (const deploymentId of [...states.keys()]) {
          states.delete(deploymentId)
          await forgetDeployment(database, deploymentId)
        }
      }),
    reconcile: (wanted) => enqueue(() => takeWanted(wanted)),
    tick: () =>
      enqueue(async () => {
        for (const state of [...states.values()]) {
          if (isActive(state.status)) await applyNow(state.deploymentId, { type: 'tick' })
        }
      }),
  }
}

const pickArmed = ({ deploymentId, machineId, armedUntil }: SiteDeployment) => ({
  deploymentId,
  machineId,
  armedUntil,
})

/** Signs of life and bytes are not worth a disk write; what the next start needs is. */
function mustPersist(before: DeploymentState, after: DeploymentState): boolean {
  return (
    before.status !== after.status ||
    before.stage !== after.stage ||
    before.attempt !== after.attempt ||
    before.orderId !== after.orderId ||
    before.armedUntil !== after.armedUntil ||
    before.abortSentAt !== after.abortSentAt ||
    before.linkLost !== after.linkLost
  )
}
