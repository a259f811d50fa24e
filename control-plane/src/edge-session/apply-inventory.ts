import { machineLog, machineMacs, machines } from '@dragonfly/schema/db'
import type { Inventory, SiteEvent } from '@dragonfly/schema/wire'
import type { Statement } from '../batch.ts'
import type { Deps, EdgeIdentity } from '../deps.ts'
import { decideIdentity, type KnownMachine, usableSerial, usableUuid } from '../features/machines/identity.ts'
import { createId } from '../ids.ts'
import type { Effect } from './effect.ts'
import type { KnownMachines } from './known-machines.ts'
import type { Hardware } from './machine-reports.ts'

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
  const hardware = describeHardware(event, reported, at)
  return {
    statements: [
      ...(isNew ? [insertMachine(deps, edge, machineId, hardware)] : []),
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
    // Only a ramdisk sends one; a new machine was not known yet when its ramdisk connected.
    reports: isNew ? [] : [{ kind: 'sighting', machineId, at, ramdisk: 'connected', hardware }],
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

/** What is kept of it, and when it was told. */
function describeHardware(event: InventoryEvent, { smbiosUuid, serial }: Reported, at: number): Hardware {
  const { inventory, address } = event
  const told = { smbiosUuid, serial, address, inventory, inventoryAt: at }
  return { ...told, kind: inventory.virtualMachine ? 'vm' : 'metal', ...summarise(inventory) }
}

function insertMachine(
  deps: Deps,
  { siteId, edgeId }: EdgeIdentity,
  machineId: string,
  hardware: Hardware,
): Statement {
  const { inventoryAt: at } = hardware
  const seen = { ramdiskEdgeId: edgeId, firstSeenAt: at, lastSeenAt: at, createdAt: deps.clock() }
  return deps.db.insert(machines).values({ machineId, siteId, ...hardware, ...seen })
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
