import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { diskSchema, nicSchema } from '@dragonfly/schema/wire'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findTransport, listDisks, listHolders, listPartitions } from './block-devices.ts'
import { listGpus } from './gpus.ts'
import { readMachine } from './machine.ts'
import { listNics } from './nics.ts'

let sys = ''
beforeEach(() => {
  sys = mkdtempSync(join(tmpdir(), 'dragonfly-sys-'))
})
afterEach(() => rmSync(sys, { recursive: true }))

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(sys, path)), { recursive: true })
  writeFileSync(join(sys, path), content)
}
function link(path: string, target: string): void {
  mkdirSync(join(sys, target), { recursive: true })
  mkdirSync(dirname(join(sys, path)), { recursive: true })
  symlinkSync(join(sys, target), join(sys, path))
}

test('lists SATA, NVMe and virtio disks, and nothing that is no disk', () => {
  const sata = 'devices/pci0000:00/0000:00:1f.2/ata1/host0/target0:0:0/0:0:0:0'
  link('block/sda/device', sata)
  put('block/sda/size', '7814037168\n')
  put('block/sda/queue/rotational', '1\n')
  put(`${sata}/vendor`, 'ATA     \n')
  put(`${sata}/model`, 'ST4000NM0035-1V4\n')
  put(`${sata}/wwid`, 'naa.5000c500a1b2c3d4\n')
  put(`${sata}/vpd_pg80`, Buffer.concat([Buffer.from([0, 0x80, 0, 20]), Buffer.from('            ZC1A2B3C')]))
  const nvme = 'devices/pci0000:00/0000:00:1d.0/nvme/nvme0'
  link('block/nvme0n1/device', nvme)
  put('block/nvme0n1/size', '1875385008\n')
  put('block/nvme0n1/queue/logical_block_size', '4096\n')
  put('block/nvme0n1/wwid', 'eui.0025388b91b2c3d4\n')
  put(`${nvme}/model`, 'SAMSUNG MZVL2960HCJR                    \n')
  put(`${nvme}/serial`, 'S64ANX0T1  \n')
  link('block/vda/device', 'devices/pci0000:00/0000:00:04.0/virtio1')
  put('block/vda/size', '2048\n')
  put('block/vda/serial', 'DISK1')
  put('block/loop0/size', '2048\n')
  link('block/sr0/device', 'devices/x')
  put('block/sr0/size', '2048\n')
  link('block/sdb/device', 'devices/empty-card-reader')
  put('block/sdb/size', '0\n')

  const disks = listDisks(sys)
  for (const disk of disks) diskSchema.parse(disk)
  expect(disks).toMatchObject([
    {
      name: 'nvme0n1',
      model: 'SAMSUNG MZVL2960HCJR',
      serial: 'S64ANX0T1',
      wwn: 'eui.0025388b91b2c3d4',
      logicalBlockBytes: 4096,
      rotational: false,
      transport: 'nvme',
    },
    {
      name: 'sda',
      model: 'ST4000NM0035-1V4',
      serial: 'ZC1A2B3C',
      wwn: 'naa.5000c500a1b2c3d4',
      sizeBytes: 4_000_787_030_016,
      rotational: true,
      transport: 'sata',
    },
    { name: 'vda', model: null, serial: 'DISK1', transport: 'virtio', sizeBytes: 1024 * 1024 },
  ])
})

test.each([
  ['/sys/devices/pci0000:00/0000:03:00.0/host0/target0:2:0/0:2:0:0', ['sd', 'megaraid_sas'], 'raid'],
  ['/sys/devices/pci0000:00/0000:03:00.0/host0/port-0:0/end_device-0:0/target0:0:0', ['mpt3sas'], 'sas'],
  ['/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6', ['usb-storage'], 'usb'],
  ['/sys/devices/pci0000:00/0000:00:05.0/virtio2/host1', ['virtio_scsi'], 'scsi'],
] as const)('%s is %s', (path, drivers, transport) => {
  expect(findTransport('sda', path, drivers)).toBe(transport)
})

test('lists partitions in their order on the disk, and what holds them', () => {
  for (const [name, start] of [
    ['sda1', 262144],
    ['sda15', 2048],
  ] as const) {
    put(`block/sda/${name}/partition`, name.slice(3))
    put(`block/sda/${name}/start`, String(start))
    put(`block/sda/${name}/size`, '100')
  }
  mkdirSync(join(sys, 'block/sda/sda1/holders/md127'), { recursive: true })
  mkdirSync(join(sys, 'block/sda/holders'), { recursive: true })
  expect(listPartitions('sda', sys).map(({ name }) => name)).toEqual(['sda15', 'sda1'])
  expect(listHolders('sda', sys)).toEqual(['md127'])
})

test('lists network cards only', () => {
  const card = 'devices/pci0000:00/0000:01:00.0'
  link('class/net/eno1/device', card)
  link(`${card}/driver`, 'bus/pci/drivers/ixgbe')
  put('class/net/eno1/address', 'AC:1F:6B:01:02:03\n')
  put('class/net/eno1/speed', '10000\n')
  put('class/net/eno1/carrier', '1\n')
  link('class/net/eno2/device', 'devices/pci0000:00/0000:01:00.1')
  put('class/net/eno2/address', 'ac:1f:6b:01:02:04\n')
  put('class/net/eno2/speed', '-1\n')
  put('class/net/lo/address', '00:00:00:00:00:00\n')
  put('class/net/bond0/address', 'ac:1f:6b:01:02:03\n')
  const nics = listNics('ac:1f:6b:01:02:03', sys, {
    eno1: [
      { family: 'IPv6', address: 'fe80::1' },
      { family: 'IPv4', address: '10.0.0.5' },
    ],
  })
  for (const nic of nics) nicSchema.parse(nic)
  expect(nics).toMatchObject([
    {
      name: 'eno1',
      mac: 'ac:1f:6b:01:02:03',
      driver: 'ixgbe',
      speedMbps: 10000,
      link: true,
      boot: true,
      address: '10.0.0.5',
      pciSlot: '0000:01:00.0',
    },
    { name: 'eno2', driver: null, speedMbps: null, link: false, boot: false, address: null },
  ])
})

test('a BMC’s console is no graphics card', () => {
  const card = (slot: string, kind: string, vendor: string, device: string): void => {
    put(`bus/pci/devices/${slot}/class`, kind)
    put(`bus/pci/devices/${slot}/vendor`, vendor)
    put(`bus/pci/devices/${slot}/device`, device)
  }
  card('0000:02:00.0', '0x030000', '0x1a03', '0x2000')
  card('0000:41:00.0', '0x030200', '0x10de', '0x2330')
  card('0000:42:00.0', '0x030200', '0x10de', '0xffff')
  card('0000:01:00.0', '0x020000', '0x8086', '0x1563')
  expect(listGpus(sys)).toEqual([
    { vendor: 'NVIDIA', device: 'H100 SXM5 80GB', pciSlot: '0000:41:00.0' },
    { vendor: 'NVIDIA', device: 'PCI device ffff', pciSlot: '0000:42:00.0' },
  ])
})

test('reads firmware, SMBIOS and TPM', () => {
  put('class/dmi/id/product_uuid', '4C4C4544-0042-3110-8033-B6C04F4A5931\n')
  put('class/dmi/id/sys_vendor', 'Dell Inc.\n')
  put('class/dmi/id/product_name', 'PowerEdge R640\n')
  put('class/dmi/id/chassis_asset_tag', 'Default string\n')
  put('class/tpm/tpm0/tpm_version_major', '2\n')
  put(
    'firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c',
    Uint8Array.from([6, 0, 0, 0, 1]),
  )
  put('proc/meminfo', 'MemTotal:       32614152 kB\nMemFree: 1 kB\n')
  expect(readMachine(sys, join(sys, 'proc'))).toMatchObject({
    firmware: 'uefi',
    secureBoot: true,
    smbios: {
      uuid: '4c4c4544-0042-3110-8033-b6c04f4a5931',
      manufacturer: 'Dell Inc.',
      product: 'PowerEdge R640',
      assetTag: null,
    },
    virtualMachine: false,
    tpm: { version: '2.0' },
    memoryBytes: 32614152 * 1024,
  })
})
