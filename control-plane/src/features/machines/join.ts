import {
  bmcLog,
  bmcs,
  commands,
  deployments,
  machineLog,
  machineMacs,
  machineRoles,
  machines,
  machineTags,
  rackSlots,
  samples,
  sites,
} from '@dragonfly/schema/db'
import { uuidsOfMachine, uuidsTold } from '@dragonfly/schema/state'
import { and, eq, inArray, isNull, ne, or, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { runGuardedBatch, type Statement } from '../../batch.ts'
import type { Deps, EdgeIdentity } from '../../deps.ts'
import { bumpSite } from '../sites/site-version.ts'
import { usableSerial } from './identity.ts'
import { decideJoin, type JoinCandidate } from './join-decision.ts'
import { withMacs } from './macs.ts'
import { getMachine, publishMachine } from './service.ts'

type MachineRow = typeof machines.$inferSelect

/** Joins what is one among these machines and the site's others; looks at once which of them have anything in common. */
export async function joinAnyRecords(
  deps: Deps,
  edge: EdgeIdentity,
  machineIds: readonly string[],
): Promise<void> {
  const [only, ...others] = machineIds
  if (only !== undefined && others.length === 0) return joinRecords(deps, edge, only)
  for (const machineId of await findLikeLone(deps, edge.siteId, machineIds))
    await joinRecords(deps, edge, machineId)
}

/**
 * One machine that has two records, one that knows only its BMC and one that showed itself, gets one: that of the BMC
 * stays, for its sealed password works for no other, and takes over all that the other has. Nothing happens while a
 * deployment is under way for either: its signed order names the record.
 */
async function joinRecords(deps: Deps, edge: EdgeIdentity, machineId: string): Promise<void> {
  const candidates = await findCandidates(deps, edge.siteId, machineId)
  const decision = decideJoin(machineId, candidates)
  if (decision?.kind === 'unclear') return tellUnclear(deps, decision.machineIds)
  if (!decision) return
  const [kept, other] = await Promise.all([
    readMachine(deps, decision.kept),
    readMachine(deps, decision.joined),
  ])
  if (!kept || !other) return
  const done = await runGuardedBatch(deps.db, [
    refuseActive(deps, kept.machineId, other.machineId),
    ...moveAll(deps, kept, other),
    bumpSite(deps.db, edge.siteId),
  ])
  if (!done) return
  await tell(deps, edge, kept, other)
}

/** Lone BMCs of a site that are compared at once; a site with more has each machine looked at. */
const mostLone = 5000

/** Those that share a UUID, a serial number or a network card with a record that knows only a BMC, as `decideJoin` wants it. */
async function findLikeLone(
  deps: Deps,
  siteId: string,
  machineIds: readonly string[],
): Promise<readonly string[]> {
  const lone = await deps.db
    .select({ smbiosUuid: machines.smbiosUuid, serial: machines.serial, nicMacs: bmcs.nicMacs })
    .from(machines)
    .innerJoin(bmcs, eq(bmcs.machineId, machines.machineId))
    .where(and(eq(machines.siteId, siteId), isNull(machines.inventoryAt), ne(bmcs.protocol, 'wake-on-lan')))
    .limit(mostLone)
  if (lone.length === 0) return []
  if (lone.length === mostLone) return machineIds
  const signs = new Set(lone.flatMap(signsOf))
  const rows = await deps.db
    .select({ machineId: machines.machineId, smbiosUuid: machines.smbiosUuid, serial: machines.serial })
    .from(machines)
    .where(isOneOf(machines.machineId, machineIds))
  const known = await withMacs(deps.db, rows)
  return known
    .filter(({ smbiosUuid, serial, macs }) =>
      signsOf({ smbiosUuid, serial, nicMacs: macs }).some((sign) => signs.has(sign)),
    )
    .map(({ machineId }) => machineId)
}

function signsOf(record: { smbiosUuid: string | null; serial: string | null; nicMacs: readonly string[] }) {
  const { smbiosUuid, serial, nicMacs } = record
  const uuids = smbiosUuid === null ? [] : [smbiosUuid, ...uuidsOfMachine({ smbiosUuid, macs: [] })]
  return [...uuids, ...(serial === null ? [] : [`serial ${usableSerial(serial) ?? ''}`]), ...nicMacs]
}

/** All that may be one with this record, or with one that may: a join has to see who else fits. */
async function findCandidates(deps: Deps, siteId: string, machineId: string): Promise<JoinCandidate[]> {
  const self = await findBySigns(deps, siteId, eq(machines.machineId, machineId))
  // One that has both is joined with nothing.
  if (self.every(({ macs, protocol }) => macs.length > 0 && protocol !== null)) return []
  const near = await findLike(deps, siteId, self)
  return near.length < 2 ? near : findLike(deps, siteId, near)
}

/** Records with a UUID, a serial number or a network card of one of these, and these. */
async function findLike(
  deps: Deps,
  siteId: string,
  known: readonly JoinCandidate[],
): Promise<JoinCandidate[]> {
  if (known.length === 0) return []
  const uuids = known.flatMap(({ smbiosUuid }) =>
    smbiosUuid ? [...uuidsTold(smbiosUuid), ...uuidsOfMachine({ smbiosUuid, macs: [] }), smbiosUuid] : [],
  )
  const serials = known.flatMap(({ serial }) => serial ?? [])
  const macs = [...new Set(known.flatMap((each) => [...each.macs, ...each.nicMacs]))]
  const owners = deps.db
    .select({ machineId: machineMacs.machineId })
    .from(machineMacs)
    .where(and(eq(machineMacs.siteId, siteId), isOneOf(machineMacs.mac, macs)))
  return findBySigns(
    deps,
    siteId,
    or(
      isOneOf(
        machines.machineId,
        known.map((each) => each.machineId),
      ),
      inArray(machines.machineId, owners),
      isOneOf(machines.smbiosUuid, uuids),
      isOneOf(machines.serial, serials),
      sql`exists (select 1 from json_each(${bmcs.nicMacs}) told
        where told.value in (select value from json_each(${JSON.stringify(macs)})))`,
    ),
  )
}

/** However many values there are: a statement has few places for them. */
const isOneOf = (column: SQLiteColumn, values: readonly string[]): SQL =>
  sql`${column} in (select value from json_each(${JSON.stringify([...new Set(values)])}))`

async function findBySigns(deps: Deps, siteId: string, signs: SQL | undefined): Promise<JoinCandidate[]> {
  const rows = await deps.db
    .select({
      machineId: machines.machineId,
      smbiosUuid: machines.smbiosUuid,
      serial: machines.serial,
      inventoryAt: machines.inventoryAt,
      protocol: bmcs.protocol,
      nicMacs: bmcs.nicMacs,
    })
    .from(machines)
    .leftJoin(bmcs, eq(bmcs.machineId, machines.machineId))
    .where(and(eq(machines.siteId, siteId), signs))
    .limit(mostCandidates)
  const known = await withMacs(deps.db, rows)
  return known.map(({ inventoryAt, nicMacs, ...row }) => ({
    ...row,
    nicMacs: nicMacs ?? [],
    hasShownItself: inventoryAt !== null,
  }))
}

/** Of a batch of boards that share all their signs: more than two are never joined. */
const mostCandidates = 50

/** Said once on each of their pages. */
async function tellUnclear(deps: Deps, machineIds: readonly string[]): Promise<void> {
  const rows = await Promise.all(machineIds.map((machineId) => readMachine(deps, machineId)))
  const present = rows.filter((row) => row !== null)
  const known = await Promise.all(present.map(({ machineId }) => getMachine(deps, machineId)))
  for (const { machineId } of known) {
    const others = known.filter((row) => row.machineId !== machineId).map(({ name }) => name)
    const text = `It may be the same machine as ${others.join(' or ')}: the UUIDs, serial numbers and network cards that their BMCs and ramdisks tell do not settle it, and nothing was joined. Where two are one, enter the BMC on the page of the record to keep, and delete the other.`
    await deps.db.run(sql`insert into ${machineLog} (machine_id, at, level, text)
      select ${machineId}, ${deps.clock()}, 'warning', ${text}
      where not exists (select 1 from ${machineLog} where machine_id = ${machineId} and text = ${text})`)
  }
  deps.live.publish(known.map(({ machineId }) => ({ type: 'changed', entity: 'machine', id: machineId })))
}

async function readMachine(deps: Deps, machineId: string): Promise<MachineRow | null> {
  const [row] = await deps.db.select().from(machines).where(eq(machines.machineId, machineId))
  return row ?? null
}

/** Null, which the column refuses, while a deployment is under way, or when the other has got a BMC meanwhile. */
function refuseActive(deps: Deps, kept: string, other: string): Statement {
  const createdAt = sql<number>`case when not exists (select 1 from deployments
    where machine_id in (${kept}, ${other}) and status in ('queued', 'armed', 'running'))
    and not exists (select 1 from bmcs where machine_id = ${other})
    and exists (select 1 from bmcs where machine_id = ${kept}) then created_at end`
  return deps.db.update(machines).set({ createdAt }).where(eq(machines.machineId, kept))
}

function moveAll(deps: Deps, kept: MachineRow, other: MachineRow): Statement[] {
  const [to, from] = [kept.machineId, other.machineId]
  const { db } = deps
  const moved = { machineId: to }
  return [
    db.update(machineMacs).set(moved).where(eq(machineMacs.machineId, from)),
    db.update(deployments).set(moved).where(eq(deployments.machineId, from)),
    db.update(machineLog).set(moved).where(eq(machineLog.machineId, from)),
    db.update(commands).set(moved).where(eq(commands.machineId, from)),
    db.run(sql`insert or ignore into ${machineTags} (machine_id, tag)
      select ${to}, tag from ${machineTags} where machine_id = ${from}`),
    db.run(sql`insert or ignore into ${machineRoles} (machine_id, role)
      select ${to}, role from ${machineRoles} where machine_id = ${from}`),
    db.run(sql`update or ignore ${rackSlots} set machine_id = ${to} where machine_id = ${from}`),
    // Left by a BMC that it had once.
    db.run(sql`update or ignore ${bmcLog} set machine_id = ${to} where machine_id = ${from}`),
    db.run(sql`update or ignore ${samples} set subject_id = ${to} where subject_id = ${from}`),
    db.delete(machines).where(eq(machines.machineId, from)),
    db.update(machines).set(mergeMachines(kept, other)).where(eq(machines.machineId, to)),
    db.insert(machineLog).values({
      machineId: to,
      deploymentId: null,
      at: deps.clock(),
      level: 'info',
      text: `Its BMC and the machine known as ${nameOf(other)} are one: the two records were joined.`,
    }),
  ]
}

/** What a machine showed itself goes before what its BMC said of it; a name or a lock of either stays. */
function mergeMachines(kept: MachineRow, other: MachineRow) {
  const { machineId: _machineId, siteId: _siteId, lockVersion: _lockVersion, ...shown } = other
  const locked = kept.lockedAt === null ? other : kept
  return {
    ...shown,
    name: other.name ?? kept.name,
    smbiosUuid: other.smbiosUuid ?? kept.smbiosUuid,
    serial: other.serial ?? kept.serial,
    manufacturer: other.manufacturer ?? kept.manufacturer,
    product: other.product ?? kept.product,
    adoptedAt: kept.adoptedAt ?? other.adoptedAt,
    epoch: Math.max(kept.epoch, other.epoch),
    createdAt: Math.min(kept.createdAt, other.createdAt),
    lockedAt: locked.lockedAt,
    lockedBy: locked.lockedBy,
    lockReason: locked.lockReason,
    // Edges know the lock under this record from the next version on.
    lockVersion:
      locked.lockedAt === null
        ? null
        : sql`(select ${sites.stateVersion} + 1 from ${sites} where ${sites.siteId} = ${kept.siteId})`,
  }
}

const nameOf = ({ name, machineId }: MachineRow): string => name ?? machineId

async function tell(deps: Deps, edge: EdgeIdentity, kept: MachineRow, other: MachineRow): Promise<void> {
  await publishMachine(deps, kept.machineId, kept.siteId)
  deps.live.publish([{ type: 'changed', entity: 'machine', id: other.machineId }])
  try {
    await deps.audit.append({
      at: deps.clock(),
      actorKind: 'edge',
      actorId: edge.edgeId,
      actorName: null,
      operation: 'joinMachines',
      subject: nameOf(other),
      machineId: kept.machineId,
      siteId: kept.siteId,
      details: { kept: kept.machineId, joined: other.machineId },
      clientAddress: null,
      outcome: 'done',
      status: 200,
      code: null,
    })
  } catch (error) {
    deps.metrics.count('dragonfly_audit_failures_total')
    deps.log.error('the audit log could not be written: joinMachines', { error })
  }
}
