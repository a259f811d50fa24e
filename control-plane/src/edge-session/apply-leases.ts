import { dhcpLeases } from '@dragonfly/schema/db'
import type { DhcpLease } from '@dragonfly/schema/wire'
import { and, eq, lt, sql } from 'drizzle-orm'
import type { Deps, EdgeIdentity } from '../deps.ts'
import type { Effect } from './effect.ts'

/** Leases that ended are of interest for a while, for whom the address was. */
const endedKeptMs = 86_400_000

/** What an edge says of its leases: one row per address, the newest word on it. */
export function applyLeases(deps: Deps, edge: EdgeIdentity, leases: DhcpLease[], at: number): Effect {
  const { edgeId } = edge
  const rows = [...new Map(leases.map((lease) => [lease.address, { ...lease, edgeId }])).values()]
  return {
    statements: [
      deps.db
        .insert(dhcpLeases)
        .values(rows)
        .onConflictDoUpdate({
          target: [dhcpLeases.edgeId, dhcpLeases.address],
          set: {
            interface: sql`excluded.interface`,
            mac: sql`excluded.mac`,
            hostname: sql`excluded.hostname`,
            startedAt: sql`excluded.started_at`,
            until: sql`excluded.until`,
          },
        }),
      deps.db
        .delete(dhcpLeases)
        .where(and(eq(dhcpLeases.edgeId, edgeId), lt(dhcpLeases.until, at - endedKeptMs))),
    ],
    live: [{ type: 'changed', entity: 'edge', id: edgeId }],
    bump: 'none',
  }
}
