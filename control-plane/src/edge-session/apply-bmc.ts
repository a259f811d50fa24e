import { bmcs, machines } from '@dragonfly/schema/db'
import type { SiteEvent } from '@dragonfly/schema/wire'
import { and, eq, sql } from 'drizzle-orm'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { usableSerial, usableUuid } from '../features/machines/identity.ts'
import { type Effect, noEffect } from './effect.ts'

type Event<T extends SiteEvent['type']> = Extract<SiteEvent, { type: T }>

async function findBmc(deps: Deps, edge: EdgeIdentity, machineId: string) {
  const [row] = await deps.db
    .select({
      powerStateAt: bmcs.powerStateAt,
      tlsPin: bmcs.tlsPin,
      smbiosUuid: machines.smbiosUuid,
      serial: machines.serial,
      inventoryAt: machines.inventoryAt,
    })
    .from(bmcs)
    .innerJoin(machines, eq(machines.machineId, bmcs.machineId))
    .where(and(eq(bmcs.machineId, machineId), eq(bmcs.siteId, edge.siteId)))
  return row ?? null
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
  const isMore = Object.keys(told).length > 0
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
          capabilities,
          edgeId: edge.edgeId,
          reachableAt: at,
          problem: null,
          updatedAt: at,
        })
        .where(eq(bmcs.machineId, machineId)),
      ...(isMore ? [deps.db.update(machines).set(told).where(eq(machines.machineId, machineId))] : []),
    ],
    live: [{ type: 'changed', entity: 'machine', id: machineId }],
    bump: uuid !== null || serial !== null || isNewPin ? 'site' : 'none',
  }
}

/** What was seen later stays: a journal may be replayed. A BMC that is lost leaves the last state known. */
export async function applyBmcPower(
  deps: Deps,
  edge: EdgeIdentity,
  event: Event<'bmc.power'>,
  at: number,
): Promise<Effect> {
  const { machineId, powerState, problem } = event
  const row = await findBmc(deps, edge, machineId)
  if (!row || (row.powerStateAt ?? 0) > at) return noEffect
  const seen =
    powerState === 'unknown'
      ? {}
      : {
          powerState,
          powerStateAt: at,
          reachableAt: at,
          edgeId: edge.edgeId,
        }
  return {
    statements: [
      deps.db
        .update(bmcs)
        .set({ ...seen, problem, updatedAt: sql`max(${bmcs.updatedAt}, ${at})` })
        .where(eq(bmcs.machineId, machineId)),
    ],
    live: [{ type: 'changed', entity: 'machine', id: machineId }],
    bump: 'none',
  }
}
