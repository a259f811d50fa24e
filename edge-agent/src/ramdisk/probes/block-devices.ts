import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Disk } from '@dragonfly/schema/wire'
import { findSignature, type Signature, signatureBytes } from './signature.ts'
import { cleanText, readNumber, readText } from './text.ts'

const raidDrivers = /^(megaraid_sas|megaraid|hpsa|smartpqi|aacraid|cciss|arcmsr|3w-.*)$/
const sasDrivers = /^(mpt[23]sas|mpi3mr|mptsas|isci|pm80xx|mvsas|aic94xx)$/

/** The disks of this machine as sysfs has them: quick, no commands, nothing read from the disks themselves. */
export function listDisks(sysRoot = '/sys'): Disk[] {
  const disks: Disk[] = []
  for (const name of listNames(join(sysRoot, 'block')).toSorted()) {
    const disk = describeDisk(sysRoot, name)
    if (disk) disks.push(disk)
  }
  return disks
}

function describeDisk(sysRoot: string, name: string): Disk | null {
  const path = join(sysRoot, 'block', name)
  if (/^(sr|fd|loop|ram|zram|md|dm-|nbd)/.test(name) || /^mmcblk\d+(boot|rpmb)/.test(name)) return null
  const device = resolvePath(join(path, 'device'))
  const sizeBytes = (readNumber(join(path, 'size')) ?? 0) * 512
  if (!device || sizeBytes === 0) return null
  return {
    name,
    model: readModel(device),
    serial: readSerial(path, device),
    wwn: cleanText(readText(join(path, 'wwid')) ?? readText(join(device, 'wwid'))),
    sizeBytes,
    logicalBlockBytes: readNumber(join(path, 'queue/logical_block_size')) ?? 512,
    rotational: readNumber(join(path, 'queue/rotational')) === 1,
    transport: findTransport(name, device, readDrivers(device)),
    removable: readNumber(join(path, 'removable')) === 1,
    wearPercent: null,
    healthy: null,
    os: null,
    signature: null,
  }
}

function readModel(device: string): string | null {
  const vendor = cleanText(readText(join(device, 'vendor')))
  const model = cleanText(readText(join(device, 'model')) ?? readText(join(device, 'name')))
  if (!model) return null
  // SCSI's vendor says something for virtual disks and SAS only; virtio's is a PCI number.
  return vendor && !/^(ATA|NVMe|0x.*)$/i.test(vendor) ? cleanText(`${vendor} ${model}`) : model
}

/** virtio: `serial` of the disk; NVMe and MMC: of the device; SCSI and SATA: page 0x80 of its vital product data. */
function readSerial(path: string, device: string): string | null {
  const plain = cleanText(readText(join(path, 'serial')) ?? readText(join(device, 'serial')))
  if (plain) return plain
  try {
    const page = readFileSync(join(device, 'vpd_pg80'))
    const length = page.length >= 4 ? page.readUInt16BE(2) : 0
    return cleanText(page.toString('latin1', 4, 4 + length))
  } catch {
    return null
  }
}

export function findTransport(
  name: string,
  devicePath: string,
  drivers: readonly string[],
): Disk['transport'] {
  if (name.startsWith('nvme')) return 'nvme'
  if (name.startsWith('mmcblk')) return 'mmc'
  if (name.startsWith('vd')) return 'virtio'
  if (/\/usb\d+\//.test(devicePath)) return 'usb'
  if (/\/ata\d+\//.test(devicePath)) return 'sata'
  if (drivers.some((driver) => raidDrivers.test(driver))) return 'raid'
  if (/\/end_device-/.test(devicePath) || drivers.some((driver) => sasDrivers.test(driver))) return 'sas'
  return name.startsWith('sd') ? 'scsi' : 'unknown'
}

/** Drivers of a device and of all that it hangs from. */
function readDrivers(device: string): string[] {
  const drivers: string[] = []
  const parts = device.split('/')
  for (let depth = parts.length; depth > 3; depth--) {
    const driver = resolvePath(join(parts.slice(0, depth).join('/') || '/', 'driver'))
    if (driver) drivers.push(basename(driver))
  }
  return drivers
}

export interface Partition {
  name: string
  sizeBytes: number
}

/** The partitions that the kernel sees on a disk, in their order on it. */
export function listPartitions(disk: string, sysRoot = '/sys'): Partition[] {
  const path = join(sysRoot, 'block', disk)
  return listNames(path)
    .filter((name) => readNumber(join(path, name, 'partition')) !== null)
    .map((name) => ({
      name,
      sizeBytes: (readNumber(join(path, name, 'size')) ?? 0) * 512,
      start: readNumber(join(path, name, 'start')) ?? 0,
    }))
    .toSorted((a, b) => a.start - b.start)
    .map(({ name, sizeBytes }) => ({ name, sizeBytes }))
}

/** Arrays, volume groups and the like that hold a disk or a partition of it. */
export function listHolders(disk: string, sysRoot = '/sys'): string[] {
  const path = join(sysRoot, 'block', disk)
  const places = [path, ...listPartitions(disk, sysRoot).map((partition) => join(path, partition.name))]
  return places.flatMap((place) => listNames(join(place, 'holders')))
}

/** What lies on a disk or partition, read without writing; null when it is blank or can't be read. */
export async function readSignature(name: string, logicalBlockBytes = 512): Promise<Signature | null> {
  const handle = await open(`/dev/${name}`, 'r').catch(() => null)
  if (!handle) return null
  try {
    const bytes = new Uint8Array(signatureBytes)
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
    return findSignature(bytes.subarray(0, bytesRead), logicalBlockBytes)
  } catch {
    return null
  } finally {
    await handle.close()
  }
}

function listNames(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function resolvePath(path: string): string | null {
  try {
    return realpathSync(path)
  } catch {
    return null
  }
}
