import { machineLog, machineMacs, machines } from '@dragonfly/schema/db'
import type { Inventory, SiteEvent } from '@dragonfly/schema/wire'
import { eq } from 'drizzle-orm'
import type { Statement } from '../batch.ts'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { decideIdentity, type KnownMachine, usableSerial, usableUuid } from '../features/machines/identity.ts'
import { createId } from '../ids.ts'
import { seenAt } from './apply-machine.ts'
import type { Effect } from './effect.ts'
import type { KnownMachines } from './known-machines.ts'

type InventoryEvent = Extract<SiteEvent, { type: 'machine.inventory' }>

/** Recognises the machine, or takes it in as discovered. */
export function applyInventory(
  deps: Deps,
  edge: EdgeIdentity,
  known: KnownMachines,
  event: InventoryEvent,
  at: number,
): Effect {
  const { siteId } = edge
  const reported = readIdentity(event)
  const candidates = known.candidates(reported)
  const decision = decideIdentity(reported, candidates)
  const isNew = decision.kind === 'new'
  const machineId = isNew ? createId(deps.clock()) : decision.machineId
  const owned = new Set(candidates.flatMap((machine) => machine.macs))
  const newMacs = reported.macs.filter((mac) => !owned.has(mac))
  const before = candidates.find((machine) => machine.machineId === machineId) ?? null
  // New, or known by its BMC alone until now.
  const hadNone = (before?.macs ?? []).length === 0
  const { smbiosUuid, serial } = reported
  known.noteMachine({ machineId, macs: newMacs, smbiosUuid, serial })
  return {
    statements: [
      ...writeMachine(deps, edge, { machineId, isNew, reported, event, at }),
      // Not "or nothing": when another edge took the address meanwhile, all of this is decided anew.
      ...(newMacs.length > 0
        ? [
            deps.db.insert(machineMacs).values(
              newMacs.map((mac) => ({
                siteId,
                mac,
                machineId,
                isPrimary: hadNone && mac === reported.bootMac,
              })),
            ),
          ]
        : []),
      ...decision.notes.map((text) =>
        deps.db.insert(machineLog).values({ machineId, deploymentId: null, at, level: 'warning', text }),
      ),
    ],
    live: [
      { type: 'changed', entity: 'machine', id: machineId },
      ...(isNew ? [{ type: 'changed' as const, entity: 'site' as const, id: siteId }] : []),
    ],
    mayJoin: [machineId],
    bump: newMacs.length > 0 || tellsMore(reported, before) ? 'site' : 'none',
  }
}

interface Reported {
  bootMac: string
  macs: string[]
  /** Null where it says nothing. */
  smbiosUuid: string | null
  serial: string | null
}

function readIdentity({ mac, inventory }: InventoryEvent): Reported {
  return {
    bootMac: mac,
    macs: [...new Set([mac, ...inventory.nics.map((nic) => nic.mac)])],
    smbiosUuid: usableUuid(inventory.smbios.uuid),
    serial: usableSerial(inventory.smbios.serial),
  }
}

/** Whether a machine that its site knows by UUID and serial number is known by others now. */
function tellsMore({ smbiosUuid, serial }: Reported, before: KnownMachine | null): boolean {
  return (
    before === null ||
    (smbiosUuid !== null && smbiosUuid !== before.smbiosUuid) ||
    (serial !== null && serial !== before.serial)
  )
}

interface MachineWrite {
  machineId: string
  isNew: boolean
  reported: Reported
  event: InventoryEvent
  at: number
}

function writeMachine(deps: Deps, edge: EdgeIdentity, write: MachineWrite): Statement[] {
  const { machineId, event, at } = write
  const { smbiosUuid, serial } = write.reported
  const hardware = {
    kind: kindOf(event.inventory),
    inventory: event.inventory,
    inventoryAt: at,
    // Only a ramdisk sends one; a new machine was not known yet when its ramdisk connected.
    ramdiskEdgeId: edge.edgeId,
    ...summarise(event.inventory),
    // What it told before stays when it tells nothing now.
    ...(smbiosUuid === null ? {} : { smbiosUuid }),
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
