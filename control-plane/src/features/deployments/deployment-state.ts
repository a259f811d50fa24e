import { type DeploymentStage, type DeploymentStatus, isActive, stageIndex } from '@dragonfly/schema/state'
import type { SiteEvent } from '@dragonfly/schema/wire'

export type DeploymentEvent = Exclude<
  Extract<SiteEvent, { deploymentId: string; type: `deployment.${string}` }>,
  { type: 'deployment.note' | 'deployment.console' }
>

/** What of a deployment its events change. */
export interface DeploymentFacts {
  status: DeploymentStatus
  stage: DeploymentStage
  attempt: number
  startedAt: number | null
}

export interface DeploymentTransition {
  patch: Partial<{
    status: DeploymentStatus
    stage: DeploymentStage
    attempt: number
    startedAt: number
    endedAt: number
    bytesDone: number | null
    bytesTotal: number | null
    chosenDisk: string
    failureReason: string | null
    failureMessage: string | null
    address: string | null
    sshHostKeys: string[]
    /** Nobody may act on the order any more. */
    workOrder: null
  }>
  /** A new line of the timeline. */
  entry: { stage: DeploymentStage; attempt: number; note: string | null } | null
  /** It has ended: the site's desired state no longer holds it. */
  ended: boolean
}

/**
 * Whose word on a deployment counts. Every edge of a LAN hears a machine ask for its boot file, and each of them
 * waits for it; the one from which it fetches its kernel runs the deployment. What another one says of it is
 * ignored, save that the installed system reported in there.
 */
export function decideTeller(
  runningEdgeId: string | null,
  edgeId: string,
  event: DeploymentEvent,
): 'counts' | 'takes-over' | 'ignored' {
  if (runningEdgeId === edgeId) return 'counts'
  if (event.type === 'deployment.deployed' && event.confirmed) return 'counts'
  if (event.type === 'deployment.stage' && stageIndex(event.stage) >= stageIndex('kernel'))
    return 'takes-over'
  return runningEdgeId === null ? 'counts' : 'ignored'
}

/**
 * What an event from the site does to a deployment; null when it comes too late to matter. An installed OS that
 * reports in after its watchdog gave it up turns the failure into a success: the machine is what counts.
 */
export function transitionDeployment(
  facts: DeploymentFacts,
  event: DeploymentEvent,
  at: number,
): DeploymentTransition | null {
  const late = facts.status === 'failed' && stageIndex(facts.stage) >= stageIndex('restarting')
  if (event.type === 'deployment.deployed') {
    return isActive(facts.status) || late || facts.status === 'written' ? deployed(event, at) : null
  }
  // One that is queued is known to no edge yet.
  if (!isActive(facts.status) || facts.status === 'queued') return null
  switch (event.type) {
    case 'deployment.stage':
      return enterStage(facts, event, null, at)
    case 'deployment.retrying':
      return enterStage(facts, event, event.message, at)
    case 'deployment.progress':
      return {
        patch: {
          bytesDone: event.bytesDone,
          bytesTotal: event.bytesTotal,
          ...(event.disk === null ? {} : { chosenDisk: event.disk }),
        },
        entry: null,
        ended: false,
      }
    case 'deployment.failed':
      return end(facts, event.stage, at, {
        status: 'failed',
        failureReason: event.reason,
        failureMessage: event.message,
      })
    case 'deployment.aborted':
      return end(facts, event.stage, at, { status: 'aborted' })
  }
}

function enterStage(
  facts: DeploymentFacts,
  event: { stage: DeploymentStage; attempt: number },
  note: string | null,
  at: number,
): DeploymentTransition {
  const isRetry = event.attempt > facts.attempt
  const isSame = event.stage === facts.stage && event.attempt === facts.attempt && note === null
  const isStart = event.stage !== 'powering' && facts.startedAt === null
  return {
    patch: {
      status: event.stage === 'powering' && facts.startedAt === null ? facts.status : 'running',
      stage: event.stage,
      attempt: event.attempt,
      ...(isStart ? { startedAt: at } : {}),
      ...(isRetry ? { bytesDone: null, bytesTotal: null } : {}),
    },
    entry: isSame ? null : { stage: event.stage, attempt: event.attempt, note },
    ended: false,
  }
}

function deployed(
  event: Extract<DeploymentEvent, { type: 'deployment.deployed' }>,
  at: number,
): DeploymentTransition {
  return {
    patch: {
      status: event.confirmed ? 'deployed' : 'written',
      stage: 'deployed',
      endedAt: at,
      failureReason: null,
      failureMessage: null,
      address: event.address,
      sshHostKeys: event.sshHostKeys,
      workOrder: null,
    },
    entry: null,
    ended: true,
  }
}

function end(
  facts: DeploymentFacts,
  stage: DeploymentStage,
  at: number,
  patch: DeploymentTransition['patch'],
): DeploymentTransition {
  return {
    patch: { ...patch, stage, endedAt: at, workOrder: null },
    entry: stage === facts.stage ? null : { stage, attempt: facts.attempt, note: null },
    ended: true,
  }
}
