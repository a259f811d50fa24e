import { machineLog, machineMacs, machines } from '@dragonfly/schema/db'
import type { Inventory, SiteEvent } from '@dragonfly/schema/wire'
import { and, eq, inArray, or, sql } from 'drizzle-orm'
import type { Statement } from '../batch.ts'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { decideIdentity, type KnownMachine, usableSerial, usableUuid } from '../features/machines/identity.ts'
import { findMacOwner } from '../features/machines/queries.ts'
import { createId } from '../ids.ts'
import { type Effect, noEffect } from './effect.ts'

type Event<T extends SiteEvent['type']> = Extract<SiteEvent, { type: T }>

/** Lines kept per machine, and how often the older ones are cut off. */
const maxLogLines = 20_000
const trimEvery = 16

/** The machine of an event if it is still there: by its id, else by its MAC address. Never one of another site. */
async function findMachine(
  deps: Deps,
  siteId: string,
  event: { machineId: string | null; mac: string },
): Promise<string | null> {
  if (event.machineId !== null) {
    const [row] = await deps.db
      .select({ machineId: machines.machineId })
      .from(machines)
      .where(and(eq(machines.machineId, event.machineId), eq(machines.siteId, siteId)))
    if (row) return row.machineId
  }
  return findMacOwner(deps.db, siteId, event.mac)
}

export async function applyNetboot(
  deps: Deps,
  edge: EdgeIdentity,
  event: Event<'machine.netboot'>,
  at: number,
): Promise<Effect> {
  const machineId = await findMachine(deps, edge.siteId, event)
  if (machineId === null) return noEffect
  const statement = deps.db.update(machines).set(seenAt(at)).where(eq(machines.machineId, machineId))
  return {
    statements: [statement],
    live: [{ type: 'changed', entity: 'machine', id: machineId }],
    bump: 'none',
  }
}

export async function applyRamdisk(
  deps: Deps,
  edge: EdgeIdentity,
  event: Event<'machine.ramdisk'>,
  at: number,
): Promise<Effect> {
  const machineId = await findMachine(deps, edge.siteId, event)
  if (machineId === null) return noEffect
  const ramdiskEdgeId = event.connected
    ? edge.edgeId
    : // Another edge may have taken the ramdisk over.
      sql<string | null>`nullif(${machines.ramdiskEdgeId}, ${edge.edgeId})`
  const statement = deps.db
    .update(machines)
    .set({ ramdiskEdgeId, ...seenAt(at) })
    .where(eq(machines.machineId, machineId))
  return {
    statements: [statement],
    live: [{ type: 'changed', entity: 'machine', id: machineId }],
    bump: 'none',
  }
}

/** A replayed journal tells of old times: what was seen later stays. */
function seenAt(at: number) {
  return {
    firstSeenAt: sql`min(coalesce(${machines.firstSeenAt}, ${at}), ${at})`,
    lastSeenAt: sql`max(coalesce(${machines.lastSeenAt}, ${at}), ${at})`,
  }
}

export async function applyLog(
  deps: Deps,
  edge: EdgeIdentity,
  event: Event<'log'>,
  seq: number,
): Promise<Effect> {
  const machineId = await findMachine(deps, edge.siteId, event)
  if (machineId === null) return noEffect
  const { deploymentId } = event
  const lines = event.lines.map(({ at, level, text }) => ({ machineId, deploymentId, at, level, text }))
  return {
    statements: [
      deps.db.insert(machineLog).values(lines),
      ...(seq % trimEvery === 0 ? [trimLog(deps, machineId)] : []),
    ],
    live: [{ type: 'log', machineId, deploymentId }],
    bump: 'none',
  }
}

function trimLog(deps: Deps, machineId: string): Statement {
  return deps.db.delete(machineLog).where(
    and(
      eq(machineLog.machineId, machineId),
      sql`${machineLog.id} <= (select id from machine_log where machine_id = ${machineId}
        order by id desc limit 1 offset ${maxLogLines})`,
    ),
  )
}

/** Recognises the machine, or takes it in as discovered. */
export async function applyInventory(
  deps: Deps,
  edge: EdgeIdentity,
  event: Event<'machine.inventory'>,
  at: number,
): Promise<Effect> {
  const macs = [...new Set([event.mac, ...event.inventory.nics.map((nic) => nic.mac)])]
  const uuid = usableUuid(event.inventory.smbios.uuid)
  const serial = usableSerial(event.inventory.smbios.serial)
  const known = await findCandidates(deps, edge.siteId, macs, uuid, serial)
  const decision = decideIdentity(
    {
      bootMac: event.mac,
      macs,
      smbiosUuid: event.inventory.smbios.uuid,
      serial: event.inventory.smbios.serial,
    },
    known,
  )
  const owned = new Set(known.flatMap((machine) => machine.macs))
  const newMacs = macs.filter((mac) => !owned.has(mac))
  const isNew = decision.kind === 'new'
  const machineId = isNew ? createId(deps.clock()) : decision.machineId
  const before = known.find((machine) => machine.machineId === machineId)
  const changesSite =
    newMacs.length > 0 ||
    before?.smbiosUuid !== (uuid ?? before?.smbiosUuid) ||
    before?.serial !== (serial ?? before?.serial)
  return {
    statements: [
      ...writeMachine(deps, edge, { machineId, isNew, uuid, serial, event, at }),
      ...newMacs.map((mac) =>
        deps.db
          .insert(machineMacs)
          .values({ siteId: edge.siteId, mac, machineId, isPrimary: isNew && mac === event.mac })
          .onConflictDoNothing(),
      ),
      ...decision.notes.map((text) =>
        deps.db.insert(machineLog).values({ machineId, deploymentId: null, at, level: 'warning', text }),
      ),
    ],
    live: [
      { type: 'changed', entity: 'machine', id: machineId },
      ...(isNew ? [{ type: 'changed' as const, entity: 'site' as const, id: edge.siteId }] : []),
    ],
    bump: isNew || changesSite ? 'site' : 'none',
  }
}

interface MachineWrite {
  machineId: string
  isNew: boolean
  uuid: string | null
  serial: string | null
  event: Event<'machine.inventory'>
  at: number
}

function writeMachine(deps: Deps, edge: EdgeIdentity, write: MachineWrite): Statement[] {
  const { machineId, uuid, serial, event, at } = write
  const hardware = {
    kind: kindOf(event.inventory),
    inventory: event.inventory,
    inventoryAt: at,
    // Only a ramdisk sends one; a new machine was not known yet when its ramdisk connected.
    ramdiskEdgeId: edge.edgeId,
    ...summarise(event.inventory),
    // What it told before stays when it tells nothing now.
    ...(uuid === null ? {} : { smbiosUuid: uuid }),
    ...(serial === null ? {} : { serial }),
    ...(event.address === null ? {} : { address: event.address }),
  }
  if (!write.isNew) {
    const set = { ...hardware, ...seenAt(at) }
    return [deps.db.update(machines).set(set).where(eq(machines.machineId, machineId))]
  }
  const values = {
    machineId,
    siteId: edge.siteId,
    ...hardware,
    firstSeenAt: at,
    lastSeenAt: at,
    createdAt: deps.clock(),
  }
  return [deps.db.insert(machines).values(values)]
}

function summarise({ smbios, cpu, memory, disks }: Inventory) {
  return {
    manufacturer: smbios.manufacturer,
    product: smbios.product,
    cpuModel: cpu.model,
    cpuThreads: cpu.threads,
    memoryBytes: memory.totalBytes,
    diskBytes: disks.filter((disk) => !disk.removable).reduce((sum, disk) => sum + disk.sizeBytes, 0),
    foundOs: disks.find((disk) => disk.os !== null)?.os ?? null,
  }
}

function kindOf(inventory: Inventory): 'metal' | 'vm' {
  return inventory.virtualMachine ? 'vm' : 'metal'
}

async function findCandidates(
  deps: Deps,
  siteId: string,
  macs: readonly string[],
  uuid: string | null,
  serial: string | null,
): Promise<KnownMachine[]> {
  const owners = deps.db
    .select({ machineId: machineMacs.machineId })
    .from(machineMacs)
    .where(and(eq(machineMacs.siteId, siteId), inArray(machineMacs.mac, [...macs])))
  const rows = await deps.db
    .select({ machineId: machines.machineId, smbiosUuid: machines.smbiosUuid, serial: machines.serial })
    .from(machines)
    .where(
      and(
        eq(machines.siteId, siteId),
        or(
          inArray(machines.machineId, owners),
          uuid ? eq(machines.smbiosUuid, uuid) : undefined,
          serial ? eq(machines.serial, serial) : undefined,
        ),
      ),
    )
  const macRows = await deps.db
    .select({ machineId: machineMacs.machineId, mac: machineMacs.mac })
    .from(machineMacs)
    .where(
      inArray(
        machineMacs.machineId,
        rows.map((row) => row.machineId),
      ),
    )
  return rows.map((row) => ({
    ...row,
    macs: macRows.filter((mac) => mac.machineId === row.machineId).map((mac) => mac.mac),
  }))
}
