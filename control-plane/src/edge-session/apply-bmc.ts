import { bmcLog, bmcs, edges, machineLog, machines } from '@dragonfly/schema/db'
import type { SiteEvent } from '@dragonfly/schema/wire'
import { and, eq, isNull, ne, sql } from 'drizzle-orm'
import type { Statement } from '../batch.ts'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { usableSerial, usableUuid } from '../features/machines/identity.ts'
import { type Effect, noEffect } from './effect.ts'
import type { KnownMachines } from './known-machines.ts'

type Event<T extends SiteEvent['type']> = Extract<SiteEvent, { type: T }>

async function findBmc(deps: Deps, edge: EdgeIdentity, machineId: string) {
  const [row] = await deps.db
    .select({
      edgeId: bmcs.edgeId,
      tlsPin: bmcs.tlsPin,
      refusedTlsPin: bmcs.refusedTlsPin,
      smbiosUuid: machines.smbiosUuid,
      serial: machines.serial,
      inventoryAt: machines.inventoryAt,
    })
    .from(bmcs)
    .innerJoin(machines, eq(machines.machineId, bmcs.machineId))
    .where(and(eq(bmcs.machineId, machineId), eq(bmcs.siteId, edge.siteId)))
  return row ?? null
}

/** Whether it matters which edge reached a BMC: another one may watch it, too. */
async function isShared({ db }: Deps, { siteId, edgeId }: EdgeIdentity): Promise<boolean> {
  const others = await db
    .select({ edgeId: edges.edgeId })
    .from(edges)
    .where(and(eq(edges.siteId, siteId), ne(edges.edgeId, edgeId), isNull(edges.revokedAt)))
    .limit(1)
  return others.length > 0
}

/** A machine that has not shown itself yet is known by what its BMC says of it; what it showed itself stays. */
export async function applyBmcIdentified(
  deps: Deps,
  edge: EdgeIdentity,
  event: Event<'bmc.identified'>,
  at: number,
): Promise<Effect> {
  const { machineId, identity, capabilities } = event
  const row = await findBmc(deps, edge, machineId)
  if (!row) return noEffect
  const uuid = row.smbiosUuid === null ? usableUuid(identity.guid) : null
  // Many a BMC has another serial number than SMBIOS tells: it counts only where there is nothing better.
  const isNeeded = row.serial === null && row.smbiosUuid === null && uuid === null
  const serial = isNeeded ? usableSerial(identity.serial) : null
  const told = {
    ...(uuid === null ? {} : { smbiosUuid: uuid }),
    ...(serial === null ? {} : { serial }),
    ...(row.inventoryAt === null && identity.vendor !== null ? { manufacturer: identity.vendor } : {}),
    ...(row.inventoryAt === null && identity.model !== null ? { product: identity.model } : {}),
  }
  const isNewPin = row.tlsPin === null && identity.tlsPin !== undefined
  const isRightPin = identity.tlsPin !== undefined && (isNewPin || identity.tlsPin === row.tlsPin)
  const isMore = Object.keys(told).length > 0
  const isNewEdge = row.edgeId !== edge.edgeId && (await isShared(deps, edge))
  return {
    statements: [
      deps.db
        .update(bmcs)
        .set({
          vendor: identity.vendor,
          model: identity.model,
          firmware: identity.firmware,
          // The first one stays until a person forgets it.
          ...(isNewPin ? { tlsPin: identity.tlsPin } : {}),
          ...(isRightPin ? { refusedTlsPin: null } : {}),
          ...(identity.macs === undefined ? {} : { nicMacs: identity.macs }),
          capabilities,
          edgeId: edge.edgeId,
          reachableAt: at,
          problem: null,
          problemSince: null,
          updatedAt: at,
        })
        .where(eq(bmcs.machineId, machineId)),
      ...(isMore ? [deps.db.update(machines).set(told).where(eq(machines.machineId, machineId))] : []),
    ],
    live: [{ type: 'changed', entity: 'machine', id: machineId }],
    bump: uuid !== null || serial !== null || isNewPin || isNewEdge ? 'site' : 'none',
    mayJoin: [machineId],
  }
}

async function isPresent(deps: Deps, siteId: string, edgeId: string | null): Promise<boolean> {
  if (edgeId === null) return false
  return (await deps.connections.ofSite(siteId)).some((present) => present.edgeId === edgeId)
}

/** What was seen later stays: a journal may be replayed. A BMC that is lost leaves the last state known. */
export async function applyBmcPower(
  deps: Deps,
  edge: EdgeIdentity,
  known: KnownMachines,
  event: Event<'bmc.power'>,
  at: number,
): Promise<Effect> {
  const { machineId, powerState, problem } = event
  const row = known.power(machineId)
  if (!row || (row.powerStateAt ?? 0) > at) return noEffect
  // Another edge of the site reaches it: this one may be in another network.
  const isReachedByOther = row.edgeId !== edge.edgeId && (await isPresent(deps, edge.siteId, row.edgeId))
  if (problem !== null && isReachedByOther) return noEffect
  // Who reached it last goes on with it, as long as that edge is there and reaches it.
  const isSeen = powerState !== 'unknown'
  const isLost = problem !== null && row.edgeId === edge.edgeId && isUnreachable(event)
  const takes = isSeen && !isReachedByOther ? edge.edgeId : isLost ? null : row.edgeId
  const isHandedOver = takes !== row.edgeId && known.hasOtherEdges
  const edgeId = isLost && !isHandedOver ? row.edgeId : takes
  const problemSince = problem === null ? null : (row.problemSince ?? at)
  known.notePower(machineId, { powerStateAt: isSeen ? at : row.powerStateAt, edgeId, problemSince })
  const told = { machineId, at, edgeId, problem, problemSince }
  return {
    statements: [],
    reports: [{ kind: 'power', ...told, powerState: isSeen ? powerState : null }],
    live: [{ type: 'changed', entity: 'machine', id: machineId }],
    bump: isHandedOver ? 'site' : 'none',
  }
}

const unreachable = new Set(['timeout', 'unreachable', 'not-redfish'])

/** Another edge may be in another network; a password that is refused here is refused there, and locks the account. */
function isUnreachable({ attempts = [] }: Event<'bmc.power'>): boolean {
  return attempts.length > 0 && attempts.every(({ reason }) => unreachable.has(reason))
}

/** Redfish is not used until a person has compared it with what the BMC's own page shows. */
export async function applyBmcCertificate(
  deps: Deps,
  edge: EdgeIdentity,
  { machineId, tlsPin }: Event<'bmc.certificate'>,
  at: number,
): Promise<Effect> {
  const row = await findBmc(deps, edge, machineId)
  if (!row) return noEffect
  const refusedTlsPin = tlsPin === row.tlsPin ? null : tlsPin
  if (refusedTlsPin === row.refusedTlsPin) return noEffect
  const text = `Its BMC shows another certificate than before (SHA-256 ${refusedTlsPin}): nothing is sent to it over Redfish until somebody accepts it.`
  return {
    statements: [
      deps.db.update(bmcs).set({ refusedTlsPin }).where(eq(bmcs.machineId, machineId)),
      ...(refusedTlsPin === null
        ? []
        : [deps.db.insert(machineLog).values({ machineId, deploymentId: null, at, level: 'warning', text })]),
    ],
    live: [{ type: 'changed', entity: 'machine', id: machineId }],
    bump: 'none',
  }
}

/** Entries kept of each machine. */
const maxLogEntries = 2000

/** The same entry told twice counts once; what a BMC no longer has stays readable here. */
export async function applyBmcLog(
  deps: Deps,
  edge: EdgeIdentity,
  event: Event<'bmc.log'>,
  at: number,
): Promise<Effect> {
  const { machineId, entries, wasCleared } = event
  if (!(await findBmc(deps, edge, machineId))) return noEffect
  const statements: Statement[] = []
  if (wasCleared)
    statements.push(
      deps.db
        .update(bmcLog)
        // Its ids are given out anew.
        .set({ isCleared: true, entryId: sql`${bmcLog.entryId} || '@' || ${bmcLog.id}` })
        .where(and(eq(bmcLog.machineId, machineId), eq(bmcLog.isCleared, false))),
    )
  if (entries.length > 0) {
    const rows = entries.map(({ id, at: happenedAt, ...entry }) => ({
      machineId,
      entryId: id,
      at: happenedAt ?? 0,
      seenAt: at,
      ...entry,
    }))
    statements.push(deps.db.insert(bmcLog).values(rows).onConflictDoNothing(), trimBmcLog(deps, machineId))
  }
  return { statements, live: [{ type: 'bmc-log', machineId }], bump: 'none' }
}

function trimBmcLog(deps: Deps, machineId: string): Statement {
  return deps.db.delete(bmcLog).where(
    and(
      eq(bmcLog.machineId, machineId),
      sql`${bmcLog.id} <= (select id from bmc_log where machine_id = ${machineId}
        order by id desc limit 1 offset ${maxLogEntries})`,
    ),
  )
}
