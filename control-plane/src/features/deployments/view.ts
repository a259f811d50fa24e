import type { DeploymentView } from '@dragonfly/schema/api'
import { failureText } from '@dragonfly/schema/state'
import type { DeploymentEventRow, DeploymentRow } from './queries.ts'

/** `progress`: live values, newer than those in the row. */
export function renderDeployment(
  row: DeploymentRow,
  timeline: readonly DeploymentEventRow[],
  progress: { bytesDone: number; bytesTotal: number } | undefined,
): DeploymentView {
  const {
    abortRequestedAt,
    failureReason,
    failureMessage,
    epoch: _epoch,
    edgeId: _edgeId,
    endedAt,
    safety: _safety,
    ...rest
  } = row
  return {
    ...rest,
    endedAt,
    bytesDone: progress?.bytesDone ?? row.bytesDone,
    bytesTotal: progress?.bytesTotal ?? row.bytesTotal,
    abortRequested: abortRequestedAt !== null && endedAt === null,
    failure:
      failureReason === null
        ? null
        : {
            reason: failureReason,
            message: failureMessage ?? failureText(failureReason).title,
            nextStep: failureText(failureReason).nextStep,
          },
    timeline: timeline.map((entry, index) => ({
      stage: entry.stage,
      attempt: entry.attempt,
      startedAt: entry.at,
      endedAt: timeline[index + 1]?.at ?? endedAt,
      note: entry.note,
      waitingFor: entry.waitingFor,
    })),
  }
}
