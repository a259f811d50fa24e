import type { BmcScanView } from '@dragonfly/schema/api'
import { bmcScanRows, bmcScans, bmcs } from '@dragonfly/schema/db'
import {
  ipv4FromNumber,
  ipv4ToNumber,
  publicRangeSentence,
  renderScanRange,
  type ScanRange,
  scanSilenceMs,
} from '@dragonfly/schema/state'
import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { runBatch } from '../../batch.ts'
import type { Deps, Person } from '../../deps.ts'
import { conflict, notFound } from '../../errors.ts'
import { followUp } from '../../follow-up.ts'
import { createId } from '../../ids.ts'
import { readSite } from '../sites/service.ts'
import { dispatchScan, type ScanRecord, sendCancel } from './dispatch.ts'

/** Has the site look for BMCs in a range. What the last scan found is forgotten: there is one per site. */
export async function startScan(
  deps: Deps,
  person: Person,
  siteId: string,
  { range, confirmPublic }: { range: ScanRange; confirmPublic?: boolean | undefined },
): Promise<BmcScanView> {
  await readSite(deps, siteId)
  if (range.isPublic && !confirmPublic) throw conflict('range-public', publicRangeSentence)
  const before = await findScan(deps, siteId)
  if (before?.status === 'pending')
    throw conflict('scan-running', 'The site is scanned already: wait for it, or stop it first.')
  const createdAt = deps.clock()
  const scan = {
    scanId: createId(createdAt),
    siteId,
    first: ipv4FromNumber(range.first),
    last: ipv4FromNumber(range.last),
    addresses: range.last - range.first + 1,
    status: 'pending' as const,
    createdBy: person.name,
    createdAt,
    deadline: createdAt + scanSilenceMs,
  }
  await runBatch(deps.db, [
    deps.db.delete(bmcScans).where(and(eq(bmcScans.siteId, siteId), inArray(bmcScans.status, ended))),
    deps.db.insert(bmcScans).values(scan).onConflictDoNothing(),
  ])
  const stored = await readScan(deps, siteId)
  if (stored.scanId !== scan.scanId)
    throw conflict('scan-running', 'The site is scanned already: wait for it, or stop it first.')
  await followUp(deps, () => dispatchScan(deps, stored), { siteId })
  deps.live.publish([{ type: 'bmc-scan', siteId }])
  return viewScan(deps, await readScan(deps, siteId))
}

const ended = ['done', 'failed', 'cancelled'] as const

/** Null where nobody has scanned yet. */
export async function getScan(deps: Deps, siteId: string): Promise<BmcScanView | null> {
  const scan = await findScan(deps, siteId)
  return scan && viewScan(deps, scan)
}

/** One that no edge has is over at once; an edge that has it says so itself. */
export async function cancelScan(deps: Deps, siteId: string): Promise<BmcScanView> {
  const scan = await readScan(deps, siteId)
  if (scan.status !== 'pending') throw conflict('scan-ended', 'The scan has ended already.')
  const now = deps.clock()
  const { scanId } = scan
  await runBatch(deps.db, [
    deps.db
      .update(bmcScans)
      .set({
        status: 'cancelled',
        reason: 'cancelled',
        message: 'It was stopped before it began.',
        endedAt: now,
      })
      .where(and(eq(bmcScans.scanId, scanId), eq(bmcScans.status, 'pending'), isNull(bmcScans.edgeId))),
    deps.db
      .update(bmcScans)
      .set({ cancelledAt: now })
      .where(and(eq(bmcScans.scanId, scanId), eq(bmcScans.status, 'pending'))),
  ])
  const after = await readScan(deps, siteId)
  if (after.status === 'pending') await sendCancel(deps, after)
  deps.live.publish([{ type: 'bmc-scan', siteId }])
  return viewScan(deps, after)
}

async function findScan(deps: Deps, siteId: string): Promise<ScanRecord | null> {
  const [row] = await deps.db.select().from(bmcScans).where(eq(bmcScans.siteId, siteId))
  return row ?? null
}

async function readScan(deps: Deps, siteId: string): Promise<ScanRecord> {
  const scan = await findScan(deps, siteId)
  if (!scan) throw notFound('scan')
  return scan
}

async function viewScan(deps: Deps, scan: ScanRecord): Promise<BmcScanView> {
  const { first, last, edgeId, cancelledAt, deadline: _deadline, ...rest } = scan
  const isPending = scan.status === 'pending'
  return {
    ...rest,
    edgeId,
    range: renderScanRange({ first: ipv4ToNumber(first), last: ipv4ToNumber(last) }),
    queued: isPending && edgeId === null,
    cancelling: isPending && cancelledAt !== null,
    rows: await viewRows(deps, scan),
  }
}

async function viewRows(deps: Deps, { scanId, siteId }: ScanRecord): Promise<BmcScanView['rows']> {
  const rows = await deps.db
    .select({
      address: bmcScanRows.address,
      ipmi: bmcScanRows.ipmi,
      redfish: bmcScanRows.redfish,
      machineId: bmcs.machineId,
      hasLogin: sql<number>`${bmcs.credentials} is not null and ${bmcs.problem} is null`,
    })
    .from(bmcScanRows)
    .leftJoin(bmcs, and(eq(bmcs.siteId, siteId), eq(bmcs.address, bmcScanRows.address)))
    .where(eq(bmcScanRows.scanId, scanId))
  const each = new Map(
    rows.map(({ hasLogin, ...row }) => [
      row.address,
      { ...row, needsLogin: row.machineId !== null && !hasLogin },
    ]),
  )
  return [...each.values()].sort((a, b) => ipv4ToNumber(a.address) - ipv4ToNumber(b.address))
}
