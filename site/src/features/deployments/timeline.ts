import {
  type DeploymentStage,
  deploymentStageNames,
  deploymentStages,
  stageIndex,
} from '@dragonfly/schema/state'
import type { Deployment } from '../../api/views.ts'

/** `skipped`: there was nothing to do, as when the ramdisk was up already. */
type StepState = 'done' | 'skipped' | 'current' | 'waiting' | 'failed' | 'aborted'

export interface TimelineStep {
  stage: DeploymentStage
  title: string
  doing: string
  state: StepState
  /** Of the newest try. */
  startedAtMs: number | null
  durationMs: number | null
  tries: number
  note: string | null
}

/**
 * One step for each stage, in order, whatever the number of tries: a stage that was entered again shows its
 * newest try, and how many there were. Where a deployment ended is failed or aborted; what lies behind waits.
 */
export function createTimeline(deployment: Deployment, nowMs: number): TimelineStep[] {
  const current = stageIndex(deployment.stage)
  return deploymentStageNames.map((stage, index) => {
    const entries = deployment.timeline.filter((entry) => entry.stage === stage)
    const last = entries.at(-1)
    // A stage may have several lines: what was done for it, besides that it was entered.
    const lines = entries.filter((entry) => entry.attempt === last?.attempt)
    const startedAt = lines[0]?.startedAt ?? null
    const reached = stepState(deployment, index, current)
    const isSkipped = reached === 'done' && !last && stage !== 'deployed' && deployment.timeline.length > 0
    const state = isSkipped ? 'skipped' : reached
    const open = state === 'current'
    const until = last?.endedAt ?? (open ? nowMs : deployment.endedAt)
    const entered = state !== 'waiting'
    return {
      stage,
      title: deploymentStages[stage].title,
      doing: deploymentStages[stage].doing,
      state,
      startedAtMs: entered ? startedAt : null,
      durationMs:
        entered && startedAt !== null && until !== null && stage !== 'deployed'
          ? Math.max(0, until - startedAt)
          : null,
      tries: new Set(entries.map((entry) => entry.attempt)).size,
      note: entered ? joinNotes(lines) : null,
    }
  })
}

function joinNotes(lines: Deployment['timeline']): string | null {
  const notes = lines.flatMap(({ note }) => (note === null ? [] : [note]))
  return notes.length > 0 ? notes.join(' ') : null
}

function stepState(deployment: Deployment, index: number, current: number): StepState {
  if (deployment.status === 'deployed') return 'done'
  if (deployment.status === 'written') return index < deploymentStageNames.length - 1 ? 'done' : 'waiting'
  if (index < current) return 'done'
  if (index > current) return 'waiting'
  if (deployment.status === 'failed') return 'failed'
  if (deployment.status === 'aborted') return 'aborted'
  return 'current'
}

/** The bytes of the stage that is under way, when it is one that moves bytes. */
export function writingBytes(deployment: Deployment): { bytesDone: number; bytesTotal: number } | null {
  if (deployment.stage !== 'writing' || deployment.bytesTotal === null || deployment.bytesTotal <= 0)
    return null
  return { bytesDone: deployment.bytesDone ?? 0, bytesTotal: deployment.bytesTotal }
}
