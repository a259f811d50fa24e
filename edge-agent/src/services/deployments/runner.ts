import { isActive } from '@dragonfly/schema/state'
import type { EdgeToAgentFrame, SiteDeployment, SiteEvent } from '@dragonfly/schema/wire'
import type { Database } from '../../io/database.ts'
import { armDeployment, transition } from '../../protocol/deployment-state.ts'
import type { DeploymentEffect, DeploymentInput, DeploymentState } from '../../protocol/deployment-types.ts'
import { createSerialQueue } from '../serial-queue.ts'
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
  const run: Run = { ...ports, states: await loadStates(ports) }
  const { states } = run
  const queue = createSerialQueue()
  const find = (fits: (state: DeploymentState) => boolean) => [...states.values()].findLast(fits) ?? null
  return {
    all: () => states.values(),
    get: (deploymentId) => states.get(deploymentId) ?? null,
    activeFor: (machineId) => find((state) => state.machineId === machineId && isActive(state.status)),
    findByOrder: (machineId, orderId) =>
      find((state) => state.machineId === machineId && state.orderId === orderId),
    apply: (deploymentId, input) => queue.add(() => apply(run, deploymentId, input)),
    abandon: () =>
      queue.add(async () => {
        for (const deploymentId of [...states.keys()]) await forget(run, deploymentId)
      }),
    reconcile: (wanted) => queue.add(() => reconcile(run, wanted)),
    tick: () =>
      queue.add(async () => {
        for (const { deploymentId } of [...states.values()].filter((state) => isActive(state.status)))
          await apply(run, deploymentId, { type: 'tick' })
      }),
  }
}

interface Run extends DeploymentPorts {
  states: Map<string, DeploymentState>
}

async function loadStates({ database, now }: DeploymentPorts): Promise<Map<string, DeploymentState>> {
  const loaded = await loadDeployments(database)
  // While the edge was down nobody could report: the watchdog starts afresh.
  const woken = loaded.map((state) => (isActive(state.status) ? { ...state, signAt: now() } : state))
  return new Map(woken.map((state) => [state.deploymentId, state]))
}

/** Decides, keeps the decision, then acts on it. */
async function apply(run: Run, deploymentId: string, input: DeploymentInput): Promise<void> {
  const before = run.states.get(deploymentId)
  if (!before) return
  const { state, effects } = transition(before, input, run.now())
  if (state === before && effects.length === 0) return
  const events = effects.flatMap((effect) => (effect.kind === 'journal' ? [effect.event] : []))
  if (events.length > 0 || mustPersist(before, state)) await persist(run, state, events)
  run.states.set(deploymentId, state)
  for (const effect of effects) await carryOut(run, state, effect)
}

async function persist({ database, journal, now }: Run, state: DeploymentState, events: SiteEvent[]) {
  await database.batch([storeDeployment(state, now()), ...journal.statements(events)])
  if (events.length > 0) await journal.appended(events)
}

async function carryOut(run: Run, state: DeploymentState, effect: DeploymentEffect): Promise<void> {
  const send = (frame: EdgeToAgentFrame) => run.sendToMachine(state.machineId, frame)
  switch (effect.kind) {
    case 'journal':
      return
    case 'view':
      return run.publishView()
    case 'give-order':
      return run.giveOrder(state)
    case 'abort':
      return send({ type: 'abort', orderId: effect.orderId })
    case 'result-taken':
      return send({ type: 'result-taken', orderId: effect.orderId })
    case 'restart':
      return send({ type: 'restart', reason: effect.reason })
  }
}

async function reconcile(run: Run, wanted: readonly SiteDeployment[]): Promise<void> {
  const { states, now } = run
  const listed = new Set(wanted.map((deployment) => deployment.deploymentId))
  for (const state of [...states.values()]) {
    if (isActive(state.status) && !listed.has(state.deploymentId)) await dismiss(run, state)
  }
  for (const deployment of wanted) {
    const { deploymentId, armedUntil } = deployment
    const held = states.get(deploymentId)
    if (!held) await arm(run, deployment)
    else if (held.armedUntil !== armedUntil)
      await apply(run, deploymentId, { type: 'armed-until', armedUntil })
    if (deployment.desired === 'abort') await apply(run, deploymentId, { type: 'abort' })
  }
  for (const deploymentId of await findForgettable(states.values(), now())) await forget(run, deploymentId)
}

async function arm(run: Run, { deploymentId, machineId, armedUntil, plan }: SiteDeployment): Promise<void> {
  const state = armDeployment({ deploymentId, machineId, armedUntil, phonesHome: plan.phonesHome }, run.now())
  await persist(run, state, [])
  run.states.set(deploymentId, state)
}

/** What the site no longer lists: never handed out here, it is simply no longer ours; else it is stopped. */
async function dismiss(run: Run, { deploymentId, machineId, lastOrderId, stage }: DeploymentState) {
  if (lastOrderId !== null) return apply(run, deploymentId, { type: 'abort' })
  await forget(run, deploymentId)
  await run.publishView()
  if (stage === 'ramdisk')
    run.sendToMachine(machineId, { type: 'restart', reason: 'The deployment was taken back.' })
}

async function forget({ database, states }: Run, deploymentId: string): Promise<void> {
  states.delete(deploymentId)
  await forgetDeployment(database, deploymentId)
}

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
