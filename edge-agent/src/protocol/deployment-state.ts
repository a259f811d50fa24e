import { type DeploymentStage, deploymentStages, isActive, stageIndex } from '@dragonfly/schema/state'
import { enter, fail, finishAborted, finishDeployed, retry, stay } from './deployment-steps.ts'
import type { DeploymentInput, DeploymentState, Setback, Transition } from './deployment-types.ts'

/** A ramdisk that was told to abort and says nothing for this long counts as stopped. */
export const abortAnswerMs = 60_000
/** Progress is written to the journal this often; in between it travels as telemetry. */
const progressJournalMs = 10_000

export function armDeployment(
  deployment: { deploymentId: string; machineId: string; armedUntil: number; phonesHome: boolean },
  now: number,
): DeploymentState {
  return {
    ...deployment,
    status: 'armed',
    stage: 'powering',
    attempt: 1,
    orderId: null,
    lastOrderId: null,
    signAt: now,
    abortSentAt: null,
    linkLost: false,
    disk: null,
    bytesDone: 0,
    bytesTotal: 0,
    progressJournaledAt: 0,
    setback: null,
  }
}

/** What the machine of this deployment is to boot when it asks the network. */
export function bootFor(state: DeploymentState): 'ramdisk' | 'local' {
  const wanted = isActive(state.status) && state.abortSentAt === null
  return wanted && isBefore(state.stage, 'restarting') ? 'ramdisk' : 'local'
}

/**
 * One step of a deployment. Effects are in the order to carry them out: what has to survive a crash, then
 * the boot responder's view, then frames to the ramdisk.
 */
export function transition(state: DeploymentState, input: DeploymentInput, now: number): Transition {
  const next = isActive(state.status) ? step(state, input, now) : afterEnd(state, input)
  const boots = bootFor(state) !== bootFor(next.state) || state.armedUntil !== next.state.armedUntil
  if (!boots) return next
  const journal = next.effects.filter((effect) => effect.kind === 'journal')
  const frames = next.effects.filter((effect) => effect.kind !== 'journal')
  return { state: next.state, effects: [...journal, { kind: 'view' }, ...frames] }
}

function step(state: DeploymentState, input: DeploymentInput, now: number): Transition {
  switch (input.type) {
    case 'netboot':
      return handleNetboot(state, input.ipxe, now)
    case 'boot-file':
      if (state.stage === 'restarting') return handleRestartSeen(state, now)
      return isBefore(state.stage, 'bootloader') ? enter(state, 'bootloader', now) : stay(state)
    case 'script':
      return handleScript(state, input.served, now)
    case 'kernel':
      if (state.stage === 'kernel') return stay({ ...state, signAt: now })
      return isBefore(state.stage, 'kernel') ? enter(state, 'kernel', now) : stay(state)
    case 'hello':
      return handleHello(state, input.newBoot, input.orderId, now)
    case 'agent-ready':
      return state.stage === 'ramdisk' && state.abortSentAt === null
        ? stay(state, { kind: 'give-order' })
        : stay(state)
    case 'agent-alive':
      return state.stage === 'ramdisk' ? stay({ ...state, signAt: now }) : stay(state)
    case 'order-given':
      return stay({ ...state, orderId: input.orderId, lastOrderId: input.orderId, signAt: now })
    case 'order-refused':
      return fail(state, { reason: input.reason, message: input.message })
    case 'link-lost':
      return stay({ ...state, linkLost: true })
    case 'phone-home':
      return isBefore(state.stage, 'configuring')
        ? stay(state)
        : finishDeployed(state, { confirmed: true, address: input.address, sshHostKeys: input.sshHostKeys })
    case 'abort':
      return handleAbort(state, now)
    case 'armed-until':
      return stay({ ...state, armedUntil: input.armedUntil })
    case 'tick':
      return handleTick(state, now)
    default:
      return handleAgent(state, input, now)
  }
}

function handleNetboot(state: DeploymentState, ipxe: boolean, now: number): Transition {
  if (state.stage === 'powering') return enter(state, 'firmware', now)
  if (state.stage === 'firmware') return ipxe ? enter(state, 'bootloader', now) : stay(state)
  if (state.stage === 'bootloader' && ipxe) return stay(state)
  if (state.stage === 'restarting') return handleRestartSeen(state, now)
  if (state.stage === 'first-boot') return stay(state)
  return handlePowerCut(state, 'firmware', now)
}

function handleScript(state: DeploymentState, served: string, now: number): Transition {
  if (state.stage === 'restarting') return handleRestartSeen(state, now)
  if (served !== 'ramdisk' || state.stage === 'first-boot') return stay(state)
  if (isBefore(state.stage, 'bootloader')) return enter(state, 'bootloader', now)
  return state.stage === 'bootloader'
    ? stay({ ...state, signAt: now })
    : handlePowerCut(state, 'bootloader', now)
}

/** The machine starts over while a try was under way: somebody restarted it, or its power went away. */
function handlePowerCut(state: DeploymentState, stage: DeploymentStage, now: number): Transition {
  if (state.abortSentAt !== null) return finishAborted(state)
  return retry(
    state,
    stage,
    {
      reason: deploymentStages[state.stage].timeout.reason,
      message: `The machine restarted at the stage “${deploymentStages[state.stage].title}”: it lost its power, or somebody restarted it.`,
    },
    now,
  )
}

function handleRestartSeen(state: DeploymentState, now: number): Transition {
  const entered = enter(state, 'first-boot', now)
  if (state.phonesHome) return entered
  const finished = finishDeployed(entered.state, { confirmed: false, address: null, sshHostKeys: [] })
  return { state: finished.state, effects: [...entered.effects, ...finished.effects] }
}

function handleHello(
  state: DeploymentState,
  newBoot: boolean,
  orderId: string | null,
  now: number,
): Transition {
  if (state.stage === 'restarting') {
    const again = { kind: 'restart', reason: 'The disk is written.' } as const
    if (!newBoot) return stay({ ...state, linkLost: false }, again)
    const seen = handleRestartSeen(state, now)
    return { state: seen.state, effects: [...seen.effects, again] }
  }
  if (state.stage === 'first-boot') return stay(state, { kind: 'restart', reason: 'The disk is written.' })
  if (state.abortSentAt !== null) {
    if (newBoot) return finishAborted(state, { kind: 'restart', reason: 'The deployment was aborted.' })
    return state.orderId ? stay(state, { kind: 'abort', orderId: state.orderId }) : stay(state)
  }
  const linked = { ...state, linkLost: false }
  // It was given up for lost, and is back in the middle of its work.
  if (!newBoot && orderId !== null && orderId === state.lastOrderId && isBefore(state.stage, 'writing'))
    return enter({ ...linked, orderId }, 'writing', now)
  if (isBefore(state.stage, 'ramdisk')) return enter(linked, 'ramdisk', now)
  if (newBoot && state.orderId !== null) return handlePowerCut(linked, 'ramdisk', now)
  const holdsOrder = state.orderId !== null && orderId === state.orderId
  if (state.stage === 'ramdisk' || holdsOrder) return stay({ ...linked, signAt: now })
  return stay({ ...linked, signAt: now }, { kind: 'give-order' })
}

function handleAgent(
  state: DeploymentState,
  input: Extract<DeploymentInput, { orderId: string }>,
  now: number,
): Transition {
  if (input.orderId !== state.orderId) return handleStray(state, input)
  switch (input.type) {
    case 'agent-stage': {
      const next = { ...state, disk: input.disk ?? state.disk }
      return stageIndex(input.stage) > stageIndex(state.stage) ? enter(next, input.stage, now) : stay(next)
    }
    case 'agent-progress':
      return handleProgress(state, input, now)
    case 'agent-done': {
      if (state.abortSentAt !== null)
        return finishAborted(state, { kind: 'restart', reason: 'The deployment was aborted.' })
      const restart = { kind: 'restart', reason: 'The disk is written.' } as const
      if (!isBefore(state.stage, 'restarting')) return stay(state, restart)
      return enter({ ...state, bytesDone: state.bytesTotal, linkLost: false }, 'restarting', now, restart)
    }
    case 'agent-failed': {
      const taken = { kind: 'result-taken', orderId: input.orderId } as const
      if (state.abortSentAt !== null)
        return finishAborted(state, taken, { kind: 'restart', reason: 'The deployment was aborted.' })
      return fail(state, { reason: input.reason, message: input.message }, taken)
    }
    default:
      return stay(state)
  }
}

function handleProgress(
  state: DeploymentState,
  input: Extract<DeploymentInput, { type: 'agent-progress' }>,
  now: number,
): Transition {
  const { bytesDone, bytesTotal } = input
  const moved = bytesDone > state.bytesDone
  const next = { ...state, bytesDone, bytesTotal, signAt: moved ? now : state.signAt }
  if (!moved || now - state.progressJournaledAt < progressJournalMs) return stay(next)
  return stay(
    { ...next, progressJournaledAt: now },
    {
      kind: 'journal',
      event: {
        type: 'deployment.progress',
        deploymentId: state.deploymentId,
        bytesDone,
        bytesTotal,
        disk: state.disk,
      },
    },
  )
}

/** A ramdisk that reports on an order that is not this attempt's is answered, so that it stops asking. */
function handleStray(state: DeploymentState, input: DeploymentInput): Transition {
  if (input.type === 'agent-failed') return stay(state, { kind: 'result-taken', orderId: input.orderId })
  if (input.type === 'agent-done') return stay(state, { kind: 'restart', reason: 'The order is over.' })
  return stay(state)
}

function handleAbort(state: DeploymentState, now: number): Transition {
  if (state.abortSentAt !== null) return stay(state)
  const stop = { kind: 'restart', reason: 'The deployment was aborted.' } as const
  if (state.orderId === null)
    return state.stage === 'ramdisk' ? finishAborted(state, stop) : finishAborted(state)
  if (!isBefore(state.stage, 'restarting')) return finishAborted(state)
  return stay({ ...state, abortSentAt: now }, { kind: 'abort', orderId: state.orderId })
}

function handleTick(state: DeploymentState, now: number): Transition {
  if (state.abortSentAt !== null) {
    const stop = { kind: 'restart', reason: 'The deployment was aborted.' } as const
    return now - state.abortSentAt >= abortAnswerMs ? finishAborted(state, stop) : stay(state)
  }
  const rule = deploymentStages[state.stage]
  const { reason, message } = rule.timeout
  if (now >= state.armedUntil && state.stage === 'powering')
    return fail(state, state.setback ?? { reason, message })
  if (now >= state.armedUntil && state.stage === 'ramdisk' && state.orderId === null)
    return fail(state, state.setback ?? orderNeverReady)
  if (rule.watchdogMs === null || now - state.signAt < rule.watchdogMs) return stay(state)
  if (state.stage === 'restarting' && state.linkLost && !state.phonesHome)
    return finishDeployed(state, { confirmed: false, address: null, sshHostKeys: [] })
  if (rule.retryFrom === null) return fail(state, { reason, message })
  return retry(state, rule.retryFrom, { reason, message }, now, {
    kind: 'restart',
    reason: 'It took too long: the deployment starts over.',
  })
}

const orderNeverReady: Setback = {
  reason: 'chunk-missing',
  message: 'The image was not complete on this edge before the deployment expired.',
}

/** An operating system that reports in late is taken at its word. */
function afterEnd(state: DeploymentState, input: DeploymentInput): Transition {
  const silent = state.status === 'failed' && !isBefore(state.stage, 'restarting')
  if (input.type === 'phone-home' && silent)
    return finishDeployed(state, { confirmed: true, address: input.address, sshHostKeys: input.sshHostKeys })
  return handleStray(state, input)
}

function isBefore(stage: DeploymentStage, other: DeploymentStage): boolean {
  return stageIndex(stage) < stageIndex(other)
}
