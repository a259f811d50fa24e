import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Inventory } from '@dragonfly/schema/wire'
import { parseCpuinfo } from './parse-cpuinfo.ts'
import { cleanSmbiosText, readText } from './text.ts'

const secureBootVariable = 'firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c'

/** UUIDs that identify nothing: unset ones, and the one that a whole series of boards was shipped with. */
const emptyUuids = new Set([
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '03000200-0400-0500-0006-000700080009',
])

export type MachineFacts = Pick<
  Inventory,
  'firmware' | 'secureBoot' | 'smbios' | 'virtualMachine' | 'cpu' | 'tpm'
> & { memoryBytes: number }

/** What sysfs and procfs know of the machine itself: quick, no commands. */
export function readMachine(sysRoot = '/sys', procRoot = '/proc'): MachineFacts {
  const smbios = readSmbios(join(sysRoot, 'class/dmi/id'))
  const { cpu, hypervisor } = parseCpuinfo(readText(join(procRoot, 'cpuinfo')) ?? '')
  const memory = /^MemTotal:\s+(\d+) kB$/m.exec(readText(join(procRoot, 'meminfo')) ?? '')
  return {
    firmware: existsSync(join(sysRoot, 'firmware/efi')) ? 'uefi' : 'bios',
    secureBoot: readSecureBoot(join(sysRoot, secureBootVariable)),
    smbios,
    virtualMachine: hypervisor || isVirtual(smbios),
    cpu: { ...cpu, architecture: process.arch === 'x64' ? 'x86_64' : process.arch },
    tpm: readTpm(join(sysRoot, 'class/tpm')),
    memoryBytes: Number(memory?.[1] ?? 0) * 1024,
  }
}

function readSmbios(path: string): Inventory['smbios'] {
  const text = (name: string): string | null => cleanSmbiosText(readText(join(path, name)))
  const uuid = readText(join(path, 'product_uuid'))?.toLowerCase() ?? ''
  return {
    uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid) && !emptyUuids.has(uuid) ? uuid : null,
    manufacturer: text('sys_vendor'),
    product: text('product_name'),
    serial: text('product_serial'),
    boardSerial: text('board_serial'),
    assetTag: text('chassis_asset_tag'),
    biosVendor: text('bios_vendor'),
    biosVersion: text('bios_version'),
    biosDate: text('bios_date'),
  }
}

function isVirtual({ manufacturer, product }: Inventory['smbios']): boolean {
  return /\b(qemu|kvm|vmware|virtualbox|xen|bochs|virtual machine|openstack|parallels)\b/i.test(
    `${manufacturer ?? ''} ${product ?? ''}`,
  )
}

/** An efivarfs file is four bytes of attributes, then the value (UEFI 3.3: 1 when Secure Boot is on). */
function readSecureBoot(path: string): boolean | null {
  try {
    const bytes = readFileSync(path)
    return bytes.length === 5 ? bytes[4] === 1 : null
  } catch {
    return null
  }
}

function readTpm(path: string): Inventory['tpm'] {
  let name: string | undefined
  try {
    ;[name] = readdirSync(path)
  } catch {
    return null
  }
  if (!name) return null
  const major = readText(join(path, name, 'tpm_version_major'))
  return { version: major === '2' ? '2.0' : major === '1' ? '1.2' : 'unknown' }
}
