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

/**
 * The edge that watches a BMC: the one that reached it last, or another one while that one is lost. Null where every
 * edge is to try: nobody has reached it yet, or there is but one.
 */
export function choosePoller(
  edges: readonly { edgeId: string; lastSeenAt: number | null; revokedAt: number | null }[],
  noted: string | null,
  connected: ReadonlySet<string>,
  now: number,
): string | null {
  const present = edges.filter(({ revokedAt }) => revokedAt === null)
  if (present.length < 2 || noted === null) return null
  const online = present
    .filter((edge) => edgeStatus(edge, connected, now) === 'online')
    .map(({ edgeId }) => edgeId)
  return online.includes(noted) ? noted : (online.toSorted()[0] ?? null)
}
