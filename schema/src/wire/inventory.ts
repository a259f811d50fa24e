import { z } from 'zod'
import { macSchema, sizeBytesSchema, smbiosUuidSchema } from './common.ts'

const text = z.string().max(256)

export const diskSchema = z.object({
  /** Kernel name of this boot (`sda`, `nvme0n1`): for people, never for choosing. */
  name: text,
  model: text.nullable(),
  serial: text.nullable(),
  /** World-wide name or NVMe EUI/NGUID, where there is one. */
  wwn: text.nullable(),
  sizeBytes: sizeBytesSchema,
  logicalBlockBytes: z.number().int().positive(),
  rotational: z.boolean(),
  transport: z.enum(['nvme', 'sata', 'sas', 'scsi', 'virtio', 'usb', 'mmc', 'raid', 'unknown']),
  removable: z.boolean(),
  /** Part of its rated life that is used up, 0 to 100 (255 % is possible on NVMe), null if unknown. */
  wearPercent: z.number().min(0).max(255).nullable(),
  healthy: z.boolean().nullable(),
  /** An operating system found on it, read-only ("Debian GNU/Linux 12 (bookworm)"). */
  os: text.nullable(),
  /** Partition table or filesystem signature found on it; null on a blank disk. */
  signature: text.nullable(),
})
export type Disk = z.infer<typeof diskSchema>

export const nicSchema = z.object({
  name: text,
  mac: macSchema,
  driver: text.nullable(),
  /** Megabits per second; null when unknown or down. */
  speedMbps: z.number().int().positive().nullable(),
  link: z.boolean(),
  boot: z.boolean(),
  address: text.nullable(),
  pciSlot: text.nullable(),
  lldp: z
    .object({
      chassis: text,
      port: text,
      portDescription: text.nullable(),
      vlan: z.number().int().nullable(),
    })
    .nullable(),
})
export type Nic = z.infer<typeof nicSchema>

export const dimmSchema = z.object({
  slot: text,
  sizeBytes: sizeBytesSchema,
  type: text.nullable(),
  speedMtps: z.number().int().positive().nullable(),
  manufacturer: text.nullable(),
  partNumber: text.nullable(),
  serial: text.nullable(),
})

/** What the ramdisk saw of a machine, without altering a byte on any disk. */
export const inventorySchema = z.object({
  firmware: z.enum(['bios', 'uefi']),
  secureBoot: z.boolean().nullable(),
  smbios: z.object({
    uuid: smbiosUuidSchema.nullable(),
    manufacturer: text.nullable(),
    product: text.nullable(),
    serial: text.nullable(),
    boardSerial: text.nullable(),
    assetTag: text.nullable(),
    biosVendor: text.nullable(),
    biosVersion: text.nullable(),
    biosDate: text.nullable(),
  }),
  virtualMachine: z.boolean(),
  cpu: z.object({
    model: text.nullable(),
    sockets: z.number().int().positive(),
    cores: z.number().int().positive(),
    threads: z.number().int().positive(),
    architecture: z.string().max(32),
  }),
  memory: z.object({ totalBytes: sizeBytesSchema, dimms: z.array(dimmSchema).max(512) }),
  disks: z.array(diskSchema).max(1024),
  nics: z.array(nicSchema).max(256),
  bmc: z
    .object({ address: text.nullable(), mac: macSchema.nullable(), firmware: text.nullable() })
    .nullable(),
  gpus: z.array(z.object({ vendor: text, device: text, pciSlot: text })).max(64),
  tpm: z.object({ version: text }).nullable(),
})
export type Inventory = z.infer<typeof inventorySchema>
