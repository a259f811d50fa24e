import type { Disk, Nic } from '@dragonfly/schema/wire'

interface DiskModel {
  model: string
  sizeBytes: number
  transport: Disk['transport']
  rotational?: boolean
  serialLength: number
}

export interface HardwareModel {
  manufacturer: string
  product: string
  /** How many of a hundred machines are like this. */
  share: number
  firmware: 'bios' | 'uefi'
  bios: { vendor: string; version: string; date: string }
  cpu: { model: string; sockets: number; cores: number }
  dimms: { count: number; sizeGib: number; type: string; speedMtps: number }
  disks: { disk: DiskModel; count: number }[]
  nics: { driver: string; speedMbps: number; count: number; name: string }[]
  /** First three bytes of its MAC addresses. */
  oui: string
  bmcFirmware: string | null
  gpus?: { vendor: string; device: string; count: number }
  tpm: string | null
  virtual?: boolean
}

const gb = 1e9
const boss: DiskModel = { model: 'DELLBOSS VD', sizeBytes: 480 * gb, transport: 'sata', serialLength: 16 }
const pm9a3: DiskModel = {
  model: 'SAMSUNG MZQL23T8HCLS-00A07',
  sizeBytes: 3840 * gb,
  transport: 'nvme',
  serialLength: 14,
}
const p5510: DiskModel = {
  model: 'INTEL SSDPF2KX076TZ',
  sizeBytes: 7681 * gb,
  transport: 'nvme',
  serialLength: 18,
}
const pm893: DiskModel = {
  model: 'SAMSUNG MZ7L3960',
  sizeBytes: 960 * gb,
  transport: 'sata',
  serialLength: 14,
}
const exos: DiskModel = {
  model: 'ST18000NM004J',
  sizeBytes: 18_000 * gb,
  transport: 'sas',
  rotational: true,
  serialLength: 8,
}
const sasHdd: DiskModel = {
  model: 'EG001200JWJNQ',
  sizeBytes: 1200 * gb,
  transport: 'sas',
  rotational: true,
  serialLength: 12,
}
const virtio: DiskModel = { model: 'QEMU HARDDISK', sizeBytes: 64 * gb, transport: 'virtio', serialLength: 8 }

/** A believable server room: mostly pizza boxes, some storage, a few GPUs, some old iron and a few guests. */
export const hardwareModels: readonly HardwareModel[] = [
  {
    manufacturer: 'Dell Inc.',
    product: 'PowerEdge R650',
    share: 26,
    firmware: 'uefi',
    bios: { vendor: 'Dell Inc.', version: '1.14.1', date: '05/30/2024' },
    cpu: { model: 'Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz', sockets: 2, cores: 64 },
    dimms: { count: 16, sizeGib: 32, type: 'DDR4', speedMtps: 3200 },
    disks: [
      { disk: boss, count: 1 },
      { disk: pm9a3, count: 2 },
    ],
    nics: [
      { driver: 'mlx5_core', speedMbps: 25_000, count: 2, name: 'ens3f' },
      { driver: 'tg3', speedMbps: 1000, count: 2, name: 'eno' },
    ],
    oui: 'b0:26:28',
    bmcFirmware: 'iDRAC9 7.10.50.00',
    tpm: '2.0',
  },
  {
    manufacturer: 'HPE',
    product: 'ProLiant DL360 Gen10 Plus',
    share: 22,
    firmware: 'uefi',
    bios: { vendor: 'HPE', version: 'U46 v1.80', date: '08/11/2023' },
    cpu: { model: 'Intel(R) Xeon(R) Silver 4314 CPU @ 2.40GHz', sockets: 2, cores: 32 },
    dimms: { count: 8, sizeGib: 32, type: 'DDR4', speedMtps: 3200 },
    disks: [{ disk: pm893, count: 2 }],
    nics: [
      { driver: 'ice', speedMbps: 25_000, count: 2, name: 'ens10f' },
      { driver: 'igb', speedMbps: 1000, count: 4, name: 'eno' },
    ],
    oui: '94:40:c9',
    bmcFirmware: 'iLO 5 v2.98',
    tpm: '2.0',
  },
  {
    manufacturer: 'Supermicro',
    product: 'SYS-620P-TRT',
    share: 16,
    firmware: 'uefi',
    bios: { vendor: 'American Megatrends International, LLC.', version: '1.4b', date: '07/14/2023' },
    cpu: { model: 'Intel(R) Xeon(R) Gold 5318Y CPU @ 2.10GHz', sockets: 2, cores: 48 },
    dimms: { count: 8, sizeGib: 64, type: 'DDR4', speedMtps: 2933 },
    disks: [
      { disk: pm893, count: 1 },
      { disk: p5510, count: 4 },
    ],
    nics: [{ driver: 'i40e', speedMbps: 10_000, count: 2, name: 'eno' }],
    oui: '3c:ec:ef',
    bmcFirmware: 'AST2600 1.03.08',
    tpm: null,
  },
  {
    manufacturer: 'Lenovo',
    product: 'ThinkSystem SR635 V3',
    share: 12,
    firmware: 'uefi',
    bios: { vendor: 'Lenovo', version: 'KAE120C-3.11', date: '02/06/2024' },
    cpu: { model: 'AMD EPYC 9354P 32-Core Processor', sockets: 1, cores: 32 },
    dimms: { count: 12, sizeGib: 32, type: 'DDR5', speedMtps: 4800 },
    disks: [{ disk: pm9a3, count: 2 }],
    nics: [{ driver: 'bnxt_en', speedMbps: 25_000, count: 2, name: 'enp65s0f' }],
    oui: '38:68:dd',
    bmcFirmware: 'XCC 3.10',
    tpm: '2.0',
  },
  {
    manufacturer: 'Supermicro',
    product: 'SSG-640P-E1CR36L',
    share: 7,
    firmware: 'uefi',
    bios: { vendor: 'American Megatrends International, LLC.', version: '1.2', date: '02/18/2022' },
    cpu: { model: 'Intel(R) Xeon(R) Silver 4310 CPU @ 2.10GHz', sockets: 2, cores: 24 },
    dimms: { count: 8, sizeGib: 32, type: 'DDR4', speedMtps: 2666 },
    disks: [
      { disk: pm893, count: 2 },
      { disk: exos, count: 36 },
    ],
    nics: [{ driver: 'i40e', speedMbps: 10_000, count: 4, name: 'enp24s0f' }],
    oui: '3c:ec:ef',
    bmcFirmware: 'AST2600 1.01.15',
    tpm: null,
  },
  {
    manufacturer: 'Dell Inc.',
    product: 'PowerEdge R750xa',
    share: 5,
    firmware: 'uefi',
    bios: { vendor: 'Dell Inc.', version: '1.13.2', date: '12/19/2023' },
    cpu: { model: 'Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz', sockets: 2, cores: 80 },
    dimms: { count: 32, sizeGib: 32, type: 'DDR4', speedMtps: 3200 },
    disks: [
      { disk: boss, count: 1 },
      { disk: p5510, count: 2 },
    ],
    nics: [{ driver: 'mlx5_core', speedMbps: 100_000, count: 2, name: 'ens6f' }],
    oui: 'b0:26:28',
    bmcFirmware: 'iDRAC9 7.00.60.00',
    gpus: { vendor: 'NVIDIA Corporation', device: 'A100 80GB PCIe', count: 4 },
    tpm: '2.0',
  },
  {
    manufacturer: 'HP',
    product: 'ProLiant DL380p Gen8',
    share: 7,
    firmware: 'bios',
    bios: { vendor: 'HP', version: 'P70', date: '05/24/2019' },
    cpu: { model: 'Intel(R) Xeon(R) CPU E5-2660 v2 @ 2.20GHz', sockets: 2, cores: 20 },
    dimms: { count: 16, sizeGib: 16, type: 'DDR3', speedMtps: 1600 },
    disks: [{ disk: sasHdd, count: 4 }],
    nics: [{ driver: 'tg3', speedMbps: 1000, count: 4, name: 'eno' }],
    oui: '2c:76:8a',
    bmcFirmware: 'iLO 4 v2.82',
    tpm: null,
  },
  {
    manufacturer: 'QEMU',
    product: 'Standard PC (Q35 + ICH9, 2009)',
    share: 5,
    firmware: 'bios',
    bios: { vendor: 'SeaBIOS', version: '1.16.3', date: '04/01/2014' },
    cpu: { model: 'AMD EPYC-Rome Processor', sockets: 1, cores: 4 },
    dimms: { count: 1, sizeGib: 8, type: 'RAM', speedMtps: 0 },
    disks: [{ disk: virtio, count: 1 }],
    nics: [{ driver: 'virtio_net', speedMbps: 0, count: 1, name: 'eth' }],
    oui: '52:54:00',
    bmcFirmware: null,
    tpm: null,
    virtual: true,
  },
]

/** `eno1`, but `ens3f0` and `eth0`: what the kernel calls a port. */
export function portName(nic: HardwareModel['nics'][number], port: number): Nic['name'] {
  return nic.name === 'eno' ? `eno${port + 1}` : `${nic.name}${port}`
}
