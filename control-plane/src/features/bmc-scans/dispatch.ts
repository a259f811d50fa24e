import { bmcScans } from '@dragonfly/schema/db'
import { commandGraceMs, scanSilenceMs } from '@dragonfly/schema/state'
import { and, eq, gt, isNull, lt, or } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import type { PresentEdge } from '../../ports/index.ts'

export type ScanRecord = typeof bmcScans.$inferSelect

/** As an edge names it among what it can carry out. */
const ability = 'bmc.scan'

/** Gives a scan that no edge has to one that is there. */
export async function dispatchScan(deps: Deps, scan: ScanRecord): Promise<void> {
  const present = await deps.connections.ofSite(scan.siteId)
  const [able] = present.filter(({ commands }) => commands.includes(ability))
  if (able) return give(deps, scan, able)
  if (present.length > 0) await fail(deps, scan, 'edge-too-old', edgeTooOld)
}

const edgeTooOld = 'The site’s edge is too old for this: update it (npx dragonfly-edge@latest).'

/** To one edge and no other, whoever tries at the same moment. */
async function give(deps: Deps, scan: ScanRecord, connection: PresentEdge): Promise<void> {
  const { scanId, first, last } = scan
  const { edgeId } = connection
  const deadline = deps.clock() + scanSilenceMs
  const given = await deps.db
    .update(bmcScans)
    .set({ edgeId, deadline })
    .where(
      and(
        eq(bmcScans.scanId, scanId),
        eq(bmcScans.status, 'pending'),
        or(isNull(bmcScans.edgeId), eq(bmcScans.edgeId, edgeId)),
      ),
    )
    .returning({ cancelledAt: bmcScans.cancelledAt })
  const [row] = given
  if (!row) return
  const command = { kind: ability, first, last } as const
  await deps.connections.send(connection, { type: 'command', commandId: scanId, deadline, command })
  if (row.cancelledAt !== null)
    await deps.connections.send(connection, { type: 'cancel-command', commandId: scanId })
}

async function fail(
  deps: Deps,
  { scanId, siteId }: ScanRecord,
  reason: string,
  message: string,
): Promise<void> {
  await deps.db
    .update(bmcScans)
    .set({ status: 'failed', reason, message, endedAt: deps.clock() })
    .where(and(eq(bmcScans.scanId, scanId), eq(bmcScans.status, 'pending')))
  deps.live.publish([{ type: 'bmc-scan', siteId }])
}

/** To an edge that has just come: what it has not answered, and what nobody has. */
export async function sendPendingScans(deps: Deps, connection: PresentEdge): Promise<void> {
  const rows = await deps.db
    .select()
    .from(bmcScans)
    .where(
      and(
        eq(bmcScans.siteId, connection.siteId),
        eq(bmcScans.status, 'pending'),
        gt(bmcScans.deadline, deps.clock()),
        or(isNull(bmcScans.edgeId), eq(bmcScans.edgeId, connection.edgeId)),
      ),
    )
  for (const scan of rows) {
    if (scan.edgeId === connection.edgeId) await give(deps, scan, connection)
    else await dispatchScan(deps, scan)
  }
}

/** Called now and then: gives up scans of which nothing has been heard for long. */
export async function tendScans(deps: Deps): Promise<void> {
  const late = await deps.db
    .select()
    .from(bmcScans)
    .where(and(eq(bmcScans.status, 'pending'), lt(bmcScans.deadline, deps.clock() - commandGraceMs)))
  for (const scan of late) await fail(deps, scan, 'no-answer', scan.edgeId === null ? noEdge : silent)
}

const noEdge = 'No edge of the site was connected in time. Look at the site’s edges, then scan again.'
const silent = 'The site’s edge fell silent. What it found until then is kept; look at it, then scan again.'
