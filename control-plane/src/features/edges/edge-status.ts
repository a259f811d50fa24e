import type { EdgeView } from '@dragonfly/schema/api'
import { edgeLostAfterMs } from '@dragonfly/schema/wire'
import type { Deps } from '../../deps.ts'

/** What is known of an edge's well-being: its tunnel, else when it was last heard. */
export function edgeStatus(
  edge: { edgeId: string; lastSeenAt: number | null; revokedAt: number | null },
  deps: Pick<Deps, 'clock' | 'connections'>,
): EdgeView['status'] {
  if (edge.revokedAt !== null) return 'revoked'
  if (deps.connections.isConnected(edge.edgeId)) return 'online'
  if (edge.lastSeenAt === null) return 'never-seen'
  return deps.clock() - edge.lastSeenAt < edgeLostAfterMs ? 'online' : 'lost'
}
