import { isActive } from '@dragonfly/schema/state'
import type { EdgeFetch, EdgeFrame } from '@dragonfly/schema/wire'
import type { DeploymentState } from '../protocol/deployment-types.ts'
import type { ImageProgress } from './images/shelf.ts'

/** Live values at most this often. */
export const telemetryEveryMs = 500

/** What the edge fetches for itself. */
export interface OwnFetches {
  bundle: EdgeFetch | null
  release: EdgeFetch | null
}

/** A frame of what moved since the last one; null when nothing did. */
export function createTelemetry(): (
  deployments: Iterable<DeploymentState>,
  images: ImageProgress[],
  fetches: OwnFetches,
) => EdgeFrame | null {
  let last = ''
  let told: OwnFetches = { bundle: null, release: null }
  return (states, images, { bundle, release }) => {
    const deployments = [...states]
      .filter((state) => isActive(state.status) && state.bytesTotal > 0)
      .map(({ deploymentId, stage, bytesDone, bytesTotal }) => ({
        deploymentId,
        stage,
        bytesDone,
        bytesTotal,
      }))
    // What is over is told once more: nobody is to go on waiting for it.
    const own = {
      ...(bundle || told.bundle ? { bundle } : {}),
      ...(release || told.release ? { release } : {}),
    }
    told = { bundle, release }
    if (deployments.length + images.length + Object.keys(own).length === 0) return null
    const frame: EdgeFrame = { type: 'telemetry', deployments, images, ...own }
    const text = JSON.stringify(frame)
    if (text === last) return null
    last = text
    return frame
  }
}
