import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Inventory } from '@dragonfly/schema/wire'
import { readText } from './text.ts'

const vendors: Record<string, string> = { '10de': 'NVIDIA', '1002': 'AMD', '8086': 'Intel', '1db4': 'Biren' }

/** Data centre cards by device id; any other is named by its number. */
const devices: Record<string, string> = {
  '10de:20b0': 'A100 SXM4 40GB',
  '10de:20b2': 'A100 SXM4 80GB',
  '10de:20b5': 'A100 PCIe 80GB',
  '10de:20f1': 'A100 PCIe 40GB',
  '10de:2230': 'RTX A6000',
  '10de:2235': 'A40',
  '10de:2236': 'A10',
  '10de:1eb8': 'T4',
  '10de:1db6': 'V100 PCIe 32GB',
  '10de:26b5': 'L40',
  '10de:26b9': 'L40S',
  '10de:27b8': 'L4',
  '10de:2321': 'H100 NVL',
  '10de:2330': 'H100 SXM5 80GB',
  '10de:2331': 'H100 PCIe',
  '10de:2335': 'H200 SXM',
  '10de:2901': 'B200',
  '1002:740f': 'Instinct MI210',
  '1002:740c': 'Instinct MI250X',
  '1002:74a1': 'Instinct MI300X',
  '1002:74a5': 'Instinct MI325X',
  '8086:56c0': 'Data Center GPU Flex 170',
  '8086:0bd5': 'Data Center GPU Max 1550',
}

/** What only draws a console: BMCs (ASPEED, Matrox, Huawei, XGI) and hypervisors (QEMU, VMware, virtio, Hyper-V, ...). */
const consoles = new Set([
  '1a03',
  '102b',
  '19e5',
  '18ca',
  '1234',
  '15ad',
  '1af4',
  '1414',
  '1b36',
  '1013',
  '80ee',
])

/** Graphics and compute cards: PCI base class 03, and 3D controllers that a BMC's console is not. */
export function listGpus(sysRoot = '/sys'): Inventory['gpus'] {
  const root = join(sysRoot, 'bus/pci/devices')
  const gpus: Inventory['gpus'] = []
  for (const pciSlot of readdirSync(root).toSorted()) {
    const path = join(root, pciSlot)
    if (!readText(join(path, 'class'))?.startsWith('0x03')) continue
    const vendor = readId(join(path, 'vendor'))
    const device = readId(join(path, 'device'))
    if (consoles.has(vendor)) continue
    gpus.push({
      vendor: vendors[vendor] ?? `PCI vendor ${vendor}`,
      device: devices[`${vendor}:${device}`] ?? `PCI device ${device}`,
      pciSlot,
    })
  }
  return gpus.slice(0, 64)
}

function readId(path: string): string {
  return (readText(path) ?? '').replace(/^0x/, '').toLowerCase()
}
