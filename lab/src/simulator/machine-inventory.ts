import type { Disk, Inventory, Nic } from '@dragonfly/schema/wire'
import { type HardwareModel, hardwareModels, portName } from './hardware-models.ts'
import { createRandom, type Random } from './random.ts'

/** One make-believe machine: who it is, and what the ramdisk would say of it. */
export interface MachineSpec {
  index: number
  /** Of the port that it boots from. */
  mac: string
  address: string
  inventory: Inventory
}

const gib = 2 ** 30
const foundSystems = [
  'Debian GNU/Linux 12 (bookworm)',
  'Ubuntu 22.04.4 LTS',
  'Windows Server 2019 Standard',
  'AlmaLinux 9.3 (Shamrock Pampas Cat)',
]

/** The machine at a place of the make-believe rack; always the same one for the same seed. */
export function createMachineSpec(seed: number, index: number): MachineSpec {
  const random = createRandom(seed * 100_003 + index)
  const model = chooseModel(random)
  const address = `10.40.${10 + Math.floor(index / 200)}.${20 + (index % 200)}`
  const nics = createNics(model, random, { seed, index, address })
  const boot = nics.find((nic) => nic.boot)
  if (!boot) throw new Error(`${model.product} has no port to boot from`)
  return { index, mac: boot.mac, address, inventory: createInventory(model, random, { seed, index, nics }) }
}

function chooseModel(random: Random): HardwareModel {
  let place = random.between(
    0,
    hardwareModels.reduce((sum, model) => sum + model.share, 0),
  )
  for (const model of hardwareModels) {
    place -= model.share
    if (place < 0) return model
  }
  return random.pick(hardwareModels)
}

function createInventory(
  model: HardwareModel,
  random: Random,
  { seed, index, nics }: { seed: number; index: number; nics: Nic[] },
): Inventory {
  const { cpu, virtual = false } = model
  return {
    firmware: model.firmware,
    secureBoot: model.firmware === 'uefi' ? random.chance(0.2) : null,
    smbios: {
      uuid: `${random.hex(8)}-${random.hex(4)}-4${random.hex(3)}-8${random.hex(3)}-${random.hex(12)}`,
      manufacturer: model.manufacturer,
      product: model.product,
      serial: virtual ? null : random.code(model.manufacturer.startsWith('Dell') ? 7 : 10),
      boardSerial: virtual ? null : random.code(14),
      assetTag: random.chance(0.3) ? `DC-${random.whole(10_000, 99_999)}` : null,
      biosVendor: model.bios.vendor,
      biosVersion: model.bios.version,
      biosDate: model.bios.date,
    },
    virtualMachine: virtual,
    cpu: { ...cpu, threads: cpu.cores * (virtual ? 1 : 2), architecture: 'x86_64' },
    memory: createMemory(model, random),
    disks: createDisks(model, random),
    nics,
    bmc: model.bmcFirmware
      ? {
          address: `10.41.${10 + Math.floor(index / 200)}.${20 + (index % 200)}`,
          mac: macOf(model, seed, index, bmcPlace),
          firmware: model.bmcFirmware,
        }
      : null,
    gpus: Array.from({ length: model.gpus?.count ?? 0 }, (_, slot) => ({
      vendor: model.gpus?.vendor ?? '',
      device: model.gpus?.device ?? '',
      pciSlot: `0000:${(0x17 + slot * 0x20).toString(16)}:00.0`,
    })),
    tpm: model.tpm ? { version: model.tpm } : null,
  }
}

function createMemory({ dimms, virtual }: HardwareModel, random: Random): Inventory['memory'] {
  const [manufacturer, part] = random.pick([
    ['Samsung', 'M393A4K40DB3-CWE'],
    ['SK Hynix', 'HMA84GR7DJR4N-XN'],
    ['Micron', '36ASF4G72PZ-3G2J3'],
  ] as const)
  return {
    totalBytes: dimms.count * dimms.sizeGib * gib,
    dimms: Array.from({ length: dimms.count }, (_, slot) => ({
      slot: virtual ? `DIMM ${slot}` : `${slot % 2 === 0 ? 'A' : 'B'}${Math.floor(slot / 2) + 1}`,
      sizeBytes: dimms.sizeGib * gib,
      type: dimms.type,
      speedMtps: dimms.speedMtps || null,
      manufacturer: virtual ? 'QEMU' : manufacturer,
      partNumber: virtual ? null : part,
      serial: virtual ? null : random.hex(8).toUpperCase(),
    })),
  }
}

function createDisks(model: HardwareModel, random: Random): Disk[] {
  const os = random.chance(0.45) ? random.pick(foundSystems) : null
  let nvme = 0
  let scsi = 0
  const kinds = model.disks.flatMap(({ disk, count }) => Array.from({ length: count }, () => disk))
  return kinds.map((kind, place) => {
    const isNvme = kind.transport === 'nvme'
    const letter = kind.transport === 'virtio' ? 'vd' : 'sd'
    const isWorn = random.chance(0.04)
    return {
      name: isNvme ? `nvme${nvme++}n1` : `${letter}${diskLetters(scsi++)}`,
      model: kind.model,
      serial: random.code(kind.serialLength),
      wwn: isNvme ? `eui.${random.hex(16)}` : kind.transport === 'virtio' ? null : `0x5000${random.hex(12)}`,
      sizeBytes: kind.sizeBytes,
      logicalBlockBytes: 512,
      rotational: kind.rotational ?? false,
      transport: kind.transport,
      removable: false,
      wearPercent:
        kind.rotational || kind.transport === 'virtio'
          ? null
          : isWorn
            ? random.whole(82, 97)
            : random.whole(0, 40),
      healthy: kind.transport === 'virtio' ? null : !random.chance(kind.rotational ? 0.02 : 0.005),
      os: place === 0 ? os : null,
      signature: place === 0 ? (os ? 'gpt' : null) : random.chance(0.3) ? 'gpt' : null,
    }
  })
}

/** a to z, then aa, ab, as the kernel counts. */
function diskLetters(place: number): string {
  const last = String.fromCharCode(97 + (place % 26))
  return place < 26 ? last : diskLetters(Math.floor(place / 26) - 1) + last
}

function createNics(
  model: HardwareModel,
  random: Random,
  { seed, index, address }: { seed: number; index: number; address: string },
): Nic[] {
  const row = 1 + Math.floor(index / 20)
  const ports = model.nics.flatMap((nic) =>
    Array.from({ length: nic.count }, (_, port) => ({ nic, name: portName(nic, port) })),
  )
  return ports.map(({ nic, name }, place) => {
    const link = place === 0 || random.chance(0.6)
    return {
      name,
      mac: macOf(model, seed, index, place),
      driver: nic.driver,
      speedMbps: link ? nic.speedMbps || null : null,
      link,
      boot: place === 0,
      address: place === 0 ? address : null,
      pciSlot: `0000:${(0x31 + Math.floor(place / 2) * 0x20).toString(16)}:00.${place % 2}`,
      lldp:
        link && !model.virtual
          ? {
              chassis: `leaf-${row}${place % 2 === 0 ? 'a' : 'b'}`,
              port: `Ethernet${1 + (index % 20)}`,
              portDescription: `rack ${row} unit ${1 + (index % 20) * 2}`,
              vlan: place === 0 ? 40 : null,
            }
          : null,
    }
  })
}

/** Ports of one machine are counted below this; its BMC comes last. */
const placesPerMachine = 16
const bmcPlace = placesPerMachine - 1

/** Never the same for two ports: a number is multiplied by an odd one modulo 2^24, which mixes and loses nothing. */
function macOf(model: HardwareModel, seed: number, index: number, place: number): string {
  const mixed =
    (Math.imul(index * placesPerMachine + place, 0x9e3779b1) ^ Math.imul(seed, 0x85ebca6b)) & 0xffffff
  const digits = mixed.toString(16).padStart(6, '0')
  return `${model.oui}:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4)}`
}
