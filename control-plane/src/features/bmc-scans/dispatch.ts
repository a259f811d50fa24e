import { bmcScans } from '@dragonfly/schema/db'
import { commandGraceMs, scanSilenceMs } from '@dragonfly/schema/state'
import { and, eq, gt, isNull, or } from 'drizzle-orm'
import type { Deps } from '../../deps.ts'
import { followUp } from '../../follow-up.ts'
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
  const send = () =>
    deps.connections.send(connection, { type: 'command', commandId: scanId, deadline, command })
  if (!(await followUp(deps, send, { scanId, edgeId }))) {
    // Two edges that scan do no harm: whoever is there is given it when its turn comes.
    await deps.db.update(bmcScans).set({ edgeId: null }).where(eq(bmcScans.scanId, scanId))
  } else if (row.cancelledAt !== null) await sendCancel(deps, { ...scan, edgeId })
}

/** The edge that has the scan is asked to stop it; asking twice does no harm. */
export async function sendCancel(
  deps: Deps,
  { scanId, siteId, edgeId }: Pick<ScanRecord, 'scanId' | 'siteId' | 'edgeId'>,
): Promise<void> {
  if (edgeId === null) return
  const cancel = { type: 'cancel-command', commandId: scanId } as const
  await followUp(deps, () => deps.connections.send({ siteId, edgeId }, cancel), { scanId, edgeId })
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

/**
 * Called now and then: gives up scans of which nothing has been heard for long, and tells edges again of what they may
 * not have heard.
 */
export async function tendScans(deps: Deps): Promise<void> {
  const now = deps.clock()
  const rows = await deps.db.select().from(bmcScans).where(eq(bmcScans.status, 'pending'))
  const [current, late] = [
    rows.filter(({ deadline }) => deadline > now),
    rows.filter(({ deadline }) => deadline < now - commandGraceMs),
  ]
  for (const scan of current) {
    if (scan.edgeId === null) await followUp(deps, () => dispatchScan(deps, scan), { scanId: scan.scanId })
    else if (scan.cancelledAt !== null) await sendCancel(deps, scan)
  }
  for (const scan of late) await fail(deps, scan, 'no-answer', scan.edgeId === null ? noEdge : silent)
}

const noEdge = 'No edge of the site was connected in time. Look at the site’s edges, then scan again.'
const silent = 'The site’s edge fell silent. What it found until then is kept; look at it, then scan again.'
