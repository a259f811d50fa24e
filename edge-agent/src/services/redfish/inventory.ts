import type { BmcIdentity } from '@dragonfly/schema/wire'
import {
  driveField,
  fieldsOf,
  firmwareField,
  type InventoryField,
  parseIdentity,
  systemFields,
} from '../../protocol/redfish/inventory.ts'
import {
  mergeNics,
  nicsOfAdapter,
  nicsOfBootOption,
  nicsOfFunction,
  nicsOfInterface,
  nicsOfPort,
  type RedfishNic,
} from '../../protocol/redfish/nics.ts'
import { linkAt, linksAt, type Resource, textAt } from '../../protocol/redfish/resource.ts'
import { type RedfishMachine, readSystem } from './machine.ts'
import { readIfThere, readMembers } from './resources.ts'

export async function readIdentity(machine: RedfishMachine): Promise<BmcIdentity> {
  const manager = machine.managers[0]?.resource ?? {}
  return parseIdentity(await readSystem(machine), manager, machine.rules.name)
}

/** Every NIC of the machine, from all places where makers list them. */
export async function readNics(machine: RedfishMachine): Promise<RedfishNic[]> {
  const { session, chassisPaths } = machine
  const system = await readSystem(machine)
  const all = async (path: string | null, parse: (resource: Resource) => RedfishNic[]) =>
    (await readMembers(session, path, 64)).flatMap(({ resource }) => parse(resource))
  const nics = await all(linkAt(system, 'EthernetInterfaces'), nicsOfInterface)
  for (const path of chassisPaths.slice(0, 4)) {
    const chassis = await readIfThere(session, path)
    const adapters = chassis ? await readMembers(session, linkAt(chassis, 'NetworkAdapters'), 32) : []
    for (const { resource } of adapters) {
      nics.push(...(await all(linkAt(resource, 'NetworkDeviceFunctions'), nicsOfFunction)))
      nics.push(...(await all(linkAt(resource, 'Ports') ?? linkAt(resource, 'NetworkPorts'), nicsOfPort)))
    }
  }
  nics.push(...(await all(linkAt(system, 'Oem', 'Hpe', 'Links', 'NetworkAdapters'), nicsOfAdapter)))
  nics.push(...(await all(linkAt(system, 'Boot', 'BootOptions'), nicsOfBootOption)))
  return mergeNics(nics)
}

/** What the machine is made of, as far as its BMC says. */
export async function readInventory(machine: RedfishMachine): Promise<InventoryField[]> {
  const system = await readSystem(machine)
  const nics = await readNics(machine)
  return [
    ...systemFields(system),
    ...(await readParts(machine, linkAt(system, 'Processors'), processorField)),
    ...(await readParts(machine, linkAt(system, 'Memory'), memoryField)),
    ...(await readDrives(machine, system)),
    ...nics.flatMap(({ mac, name }) => fieldsOf('NICs', [[name ?? 'NIC', mac]])),
    ...(await readFirmware(machine)),
  ]
}

/** Versions of everything that has firmware. */
export async function readFirmware({ session }: RedfishMachine): Promise<InventoryField[]> {
  const service = await readIfThere(session, linkAt(session.root, 'UpdateService'))
  const items = service ? await readMembers(session, linkAt(service, 'FirmwareInventory'), 128) : []
  return items.flatMap(({ resource }) => firmwareField(resource))
}

async function readParts(
  { session }: RedfishMachine,
  path: string | null,
  field: (resource: Resource) => InventoryField[],
): Promise<InventoryField[]> {
  return (await readMembers(session, path, 128)).flatMap(({ resource }) => field(resource))
}

async function readDrives({ session }: RedfishMachine, system: Resource): Promise<InventoryField[]> {
  const storages = await readMembers(session, linkAt(system, 'Storage'), 32)
  const paths = new Set(storages.flatMap(({ resource }) => linksAt(resource, 'Drives')))
  const drives = await Promise.all([...paths].slice(0, 128).map((path) => readIfThere(session, path)))
  return drives.flatMap((drive) => (drive ? driveField(drive) : []))
}

function processorField(resource: Resource): InventoryField[] {
  if (textAt(resource, 'Status', 'State') === 'Absent') return []
  const parts = [
    textAt(resource, 'Model') ?? textAt(resource, 'Name'),
    withUnit(textAt(resource, 'TotalCores'), 'cores'),
    withUnit(textAt(resource, 'MaxSpeedMHz'), 'MHz'),
  ].filter((part) => part !== null)
  return fieldsOf('Processors', [[textAt(resource, 'Id') ?? 'Processor', parts.join(', ')]])
}

function memoryField(resource: Resource): InventoryField[] {
  const mib = textAt(resource, 'CapacityMiB')
  if (textAt(resource, 'Status', 'State') === 'Absent' || mib === null || mib === '0') return []
  const parts = [
    withUnit(mib, 'MiB'),
    textAt(resource, 'MemoryDeviceType'),
    withUnit(textAt(resource, 'OperatingSpeedMhz'), 'MHz'),
    textAt(resource, 'Manufacturer'),
    textAt(resource, 'PartNumber'),
  ].filter((part) => part !== null)
  return fieldsOf('Memory', [
    [textAt(resource, 'DeviceLocator') ?? textAt(resource, 'Id') ?? 'Module', parts.join(', ')],
  ])
}

const withUnit = (value: string | null, unit: string) => (value === null ? null : `${value} ${unit}`)
