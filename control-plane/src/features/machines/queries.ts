import {
  bmcs,
  machineMacs,
  machineRoles,
  machines,
  machineTags,
  rackSlots,
  racks,
  sites,
} from '@dragonfly/schema/db'
import { and, desc, eq, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../../database.ts'
import { effectiveSwitch } from '../safety/read-switches.ts'

/** One line per machine, without the inventory itself: thousands of those are too much for a list. */
export function findMachines(db: Database, where: SQL | undefined) {
  return db
    .select({
      machineId: machines.machineId,
      siteId: machines.siteId,
      siteName: sites.name,
      setName: machines.name,
      kind: machines.kind,
      adoptedAt: machines.adoptedAt,
      lockedAt: machines.lockedAt,
      lockedBy: machines.lockedBy,
      lockReason: machines.lockReason,
      lockVersion: machines.lockVersion,
      /** What every edge of the site has applied at least; null when the site has no edge. */
      appliedVersion: sql<
        number | null
      >`(select min(coalesce(e.applied_version, 0)) from edges e where e.site_id = ${machines.siteId} and e.revoked_at is null)`,
      powerControl: effectiveSwitch('powerControl'),
      reimage: effectiveSwitch('reimage'),
      address: machines.address,
      reservedAddress: machines.reservedAddress,
      smbiosUuid: machines.smbiosUuid,
      serial: machines.serial,
      manufacturer: machines.manufacturer,
      product: machines.product,
      cpuModel: machines.cpuModel,
      cpuThreads: machines.cpuThreads,
      memoryBytes: machines.memoryBytes,
      diskBytes: machines.diskBytes,
      foundOs: machines.foundOs,
      ramdiskEdgeId: machines.ramdiskEdgeId,
      bmc: {
        address: bmcs.address,
        powerState: bmcs.powerState,
        powerStateAt: bmcs.powerStateAt,
        powerWatts: bmcs.powerWatts,
        inletCelsius: bmcs.inletCelsius,
        hottestCelsius: bmcs.hottestCelsius,
        sampledAt: bmcs.sampledAt,
        problem: bmcs.problem,
        problemKind: bmcs.problemKind,
        problemSince: bmcs.problemSince,
      },
      rackName: racks.name,
      rackUnit: rackSlots.unit,
      firstSeenAt: machines.firstSeenAt,
      lastSeenAt: machines.lastSeenAt,
      createdAt: machines.createdAt,
    })
    .from(machines)
    .innerJoin(sites, eq(sites.siteId, machines.siteId))
    .leftJoin(bmcs, eq(bmcs.machineId, machines.machineId))
    .leftJoin(rackSlots, eq(rackSlots.machineId, machines.machineId))
    .leftJoin(racks, eq(racks.rackId, rackSlots.rackId))
    .where(where)
}
export type MachineListRow = Awaited<ReturnType<typeof findMachines>>[number]

/** MAC addresses (the primary first), tags and roles of the machines in a list of ids in SQL; of all without one. */
export async function findBelongings(db: Database, ids?: SQL) {
  const [macs, tags, roles] = await Promise.all([
    db
      .select({ machineId: machineMacs.machineId, mac: machineMacs.mac })
      .from(machineMacs)
      .where(ids && sql`${machineMacs.machineId} in ${ids}`)
      .orderBy(desc(machineMacs.isPrimary), machineMacs.mac),
    db
      .select()
      .from(machineTags)
      .where(ids && sql`${machineTags.machineId} in ${ids}`)
      .orderBy(machineTags.tag),
    db
      .select()
      .from(machineRoles)
      .where(ids && sql`${machineRoles.machineId} in ${ids}`)
      .orderBy(machineRoles.role),
  ])
  return {
    macs: Map.groupBy(macs, (row) => row.machineId),
    tags: Map.groupBy(tags, (row) => row.machineId),
    roles: Map.groupBy(roles, (row) => row.machineId),
  }
}
export type Belongings = Awaited<ReturnType<typeof findBelongings>>

/** Which machine of a site owns a MAC address. */
export async function findMacOwner(db: Database, siteId: string, mac: string): Promise<string | null> {
  const [row] = await db
    .select({ machineId: machineMacs.machineId })
    .from(machineMacs)
    .where(and(eq(machineMacs.siteId, siteId), eq(machineMacs.mac, mac)))
  return row?.machineId ?? null
}
