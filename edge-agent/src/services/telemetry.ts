import { isActive } from '@dragonfly/schema/state'
import type { EdgeFrame } from '@dragonfly/schema/wire'
import type { DeploymentState } from '../protocol/deployment-types.ts'
import type { ImageProgress } from './images/shelf.ts'

/** Live values at most this often. */
export const telemetryEveryMs = 500

/** A frame of what moved since the last one; null when nothing did. */
export function createTelemetry(): (
  deployments: Iterable<DeploymentState>,
  images: ImageProgress[],
) => EdgeFrame | null {
  let last = ''
  return (states, images) => {
    const deployments = [...states]
      .filter((state) => isActive(state.status) && state.bytesTotal > 0)
      .map(({ deploymentId, stage, bytesDone, bytesTotal }) => ({
        deploymentId,
        stage,
        bytesDone,
        bytesTotal,
      }))
    if (deployments.length === 0 && images.length === 0) return null
    const frame: EdgeFrame = { type: 'telemetry', deployments, images }
    const text = JSON.stringify(frame)
    if (text === last) return null
    last = text
    return frame
  }
}
