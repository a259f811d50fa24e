import { bmcScanRows, bmcScans } from '@dragonfly/schema/db'
import { ipv4ToNumber, scanSilenceMs } from '@dragonfly/schema/state'
import type { SiteEvent } from '@dragonfly/schema/wire'
import { and, eq, sql } from 'drizzle-orm'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { type Effect, noEffect } from './effect.ts'

type Event<T extends SiteEvent['type']> = Extract<SiteEvent, { type: T }>

/** The scan if this edge was given it. */
async function findOwn(deps: Deps, edge: EdgeIdentity, scanId: string) {
  const [row] = await deps.db
    .select()
    .from(bmcScans)
    .where(and(eq(bmcScans.scanId, scanId), eq(bmcScans.edgeId, edge.edgeId)))
  return row ?? null
}

type Scan = NonNullable<Awaited<ReturnType<typeof findOwn>>>

/** What an edge that was given up says after all still counts. */
const isOpen = ({ status, reason }: Scan): boolean =>
  status === 'pending' || (status === 'failed' && reason === 'no-answer')

/** Addresses that answered. Those outside the range are nobody's business. */
export async function applyScanFound(
  deps: Deps,
  edge: EdgeIdentity,
  { scanId, addressesDone, rows }: Event<'bmc.scan'>,
): Promise<Effect> {
  const scan = await findOwn(deps, edge, scanId)
  if (!scan || !isOpen(scan)) return noEffect
  const found = rows.filter(({ address }) => isBetween(scan, address)).map((row) => ({ scanId, ...row }))
  return {
    statements: [
      deps.db
        .update(bmcScans)
        .set({
          addressesDone: sql`min(${bmcScans.addresses}, max(${bmcScans.addressesDone}, ${addressesDone}))`,
          deadline: deps.clock() + scanSilenceMs,
        })
        .where(eq(bmcScans.scanId, scanId)),
      ...(found.length > 0 ? [deps.db.insert(bmcScanRows).values(found).onConflictDoNothing()] : []),
    ],
    live: [{ type: 'bmc-scan', siteId: scan.siteId }],
    bump: 'none',
  }
}

/** Null where the result is not a scan's. */
export async function applyScanResult(
  deps: Deps,
  edge: EdgeIdentity,
  { commandId, outcome, reason, message }: Event<'command.result'>,
  at: number,
): Promise<Effect | null> {
  const scan = await findOwn(deps, edge, commandId)
  if (!scan) return null
  if (!isOpen(scan)) return noEffect
  const isCancelled = outcome === 'failed' && reason === 'cancelled'
  return {
    statements: [
      deps.db
        .update(bmcScans)
        .set({
          status: isCancelled ? 'cancelled' : outcome,
          reason: reason ?? null,
          message: message ?? null,
          endedAt: at,
        })
        .where(eq(bmcScans.scanId, commandId)),
    ],
    live: [{ type: 'bmc-scan', siteId: scan.siteId }],
    bump: 'none',
  }
}

function isBetween({ first, last }: Scan, address: string): boolean {
  const value = ipv4ToNumber(address)
  return value >= ipv4ToNumber(first) && value <= ipv4ToNumber(last)
}
