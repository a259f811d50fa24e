import { waitUntil } from 'cloudflare:workers'
import type { LiveEvent } from '@dragonfly/schema/api'
import type { Log } from '@dragonfly/schema/log'
import type { DeploymentProgress, EdgeFetches, ImageProgress } from '../../../ports/index.ts'
import { liveObject, type ObjectBindings } from './bindings.ts'
import type { RemoteMetrics } from './metrics.ts'

/** What the object for live events is told, in order. */
export type News =
  | { kind: 'event'; event: LiveEvent }
  | { kind: 'image'; key: string; progress: ImageProgress | null }
  | { kind: 'fetches'; edgeId: string; fetches: EdgeFetches | null }
  | { kind: 'deployment'; deploymentId: string; progress: DeploymentProgress | null }

export type Tell = (news: readonly News[]) => void

/** Tells without waiting: what is told in one turn travels together, and what was counted goes along. */
export function createTelling(
  env: Pick<ObjectBindings, 'LIVE'>,
  log: Log,
  metrics: Pick<RemoteMetrics, 'take'>,
): Tell {
  let buffer: News[] = []
  const flush = async (): Promise<void> => {
    const news = buffer
    buffer = []
    try {
      await liveObject(env).tell(JSON.stringify(news), metrics.take())
    } catch (error) {
      log.error('live events could not be delivered', { error })
    }
  }
  return (news) => {
    if (news.length === 0) return
    const isFirst = buffer.length === 0
    buffer.push(...news)
    // Within this turn, and so on behalf of the same request.
    if (isFirst) waitUntil(Promise.resolve().then(flush))
  }
}
