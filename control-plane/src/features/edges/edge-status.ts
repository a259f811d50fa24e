import type { EdgeView } from '@dragonfly/schema/api'
import { edgeLostAfterMs } from '@dragonfly/schema/wire'

/** What is known of an edge's well-being: its tunnel, else when it was last heard. */
export function edgeStatus(
  edge: { edgeId: string; lastSeenAt: number | null; revokedAt: number | null },
  /** Ids of the edges that have a tunnel. */
  connected: ReadonlySet<string>,
  now: number,
): EdgeView['status'] {
  if (edge.revokedAt !== null) return 'revoked'
  if (connected.has(edge.edgeId)) return 'online'
  if (edge.lastSeenAt === null) return 'never-seen'
  return now - edge.lastSeenAt < edgeLostAfterMs ? 'online' : 'lost'
}
