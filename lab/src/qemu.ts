/** One QEMU machine as data, and the command line that it becomes. Pure: no file is read or made here. */

import type { PersonalityName } from './bmc/personality.ts'

export type Firmware = 'bios' | 'uefi'
export type DiskBus = 'virtio' | 'nvme' | 'ahci'
export type NicModel = 'virtio' | 'e1000e'
export type Accelerator = 'kvm' | 'tcg'

interface DiskSpec {
  bus: DiskBus
  sizeBytes: number
  serial: string
}

interface NicSpec {
  model: NicModel
  mac: string
  /** The device on the lab's bridge that this NIC's cable goes to. */
  tap: string
  /** Where its cable goes instead. */
  cable?: Cable
}

/** A cable to a switch that is a program, in Ethernet frames by UDP: both ends' ports on the rack's loopback. */
export interface Cable {
  ownPort: number
  switchPort: number
}

/** What the firmware tries first; the other follows. Racks that are managed by network boot try the network. */
export type FirstBoot = 'network' | 'disk'

/** What of a machine goes first at one start, instead of its usual order. `http` is UEFI's HTTP boot. */
export type StartDevice = 'network' | 'http' | 'disk' | 'cdrom'

/** The BMC of a machine: where it is on the LAN, and what it is like. */
export interface BmcSpec {
  address: string
  personality: PersonalityName
  users: { name: string; password: string; privilege?: number }[]
  /** K_g, 20 bytes in hex. */
  kg?: string
}

/** `lossless`: what the machine was told is written is on the host's disk (slow); else the host's memory may hold it. */
export type DiskCache = 'fast' | 'lossless'

/** How UEFI firmware asks the network: by PXE, then by HTTP boot; or by HTTP boot alone. */
export type NetworkBoot = 'pxe' | 'http'

export interface MachineSpec {
  name: string
  firmware: Firmware
  firstBoot: FirstBoot
  networkBoot?: NetworkBoot
  /** UEFI with Microsoft's keys, which starts what they signed and nothing else. */
  secureBoot?: boolean
  memoryMib: number
  cpus: number
  uuid: string
  serialNumber: string
  disks: DiskSpec[]
  diskCache?: DiskCache
  nics: NicSpec[]
  bmc?: BmcSpec
}

export interface MachineFiles {
  disks: string[]
  serialLog: string
  serialSocket: string
  monitorSocket: string
  /** A second monitor, which the BMC listens on all the time. */
  bmcSocket: string
  /** Where the BMC listens for what the machine asks it through its driver. */
  systemSocket: string
  pid: string
  /** This machine's own copy of the UEFI variable store. */
  uefiVariables: string
}

const uefi = { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' }
const secureUefi = {
  code: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd',
  variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd',
}

/** OVMF's program, and the variables that a new machine begins with. */
export function uefiFiles({ secureBoot }: Pick<MachineSpec, 'secureBoot'>): typeof uefi {
  return secureBoot ? secureUefi : uefi
}

const nicDevices: Record<NicModel, string> = { virtio: 'virtio-net-pci', e1000e: 'e1000e' }

/** Ids of the devices that firmware can start from, as QEMU's monitor knows them, by what they are. */
function bootDevices(spec: MachineSpec): Record<Exclude<StartDevice, 'http'>, string[]> {
  return {
    network: spec.nics.map((_, index) => `nic${index}`),
    disk: spec.disks.map((_, index) => `bay${index}`),
    cdrom: spec.bmc ? ['media'] : [],
  }
}

/**
 * The place of every device in the boot order, by its id: what was asked for first, then network and disks in the
 * machine's order, the virtual CD drive last.
 */
export function bootIndexes(spec: MachineSpec, first?: StartDevice): Map<string, number> {
  const devices = bootDevices(spec)
  const usual = spec.firstBoot === 'network' ? (['network', 'disk'] as const) : (['disk', 'network'] as const)
  const chosen = first === 'http' ? 'network' : first
  const order = new Set([...(chosen ? [chosen] : []), ...usual, 'cdrom' as const])
  return new Map([...order].flatMap((kind) => devices[kind]).map((id, index) => [id, index]))
}

function firmwareArguments(spec: MachineSpec, files: MachineFiles, first?: StartDevice): string[] {
  if (spec.firmware === 'bios') return []
  return [
    ...['-drive', `if=pflash,format=raw,unit=0,readonly=on,file=${uefiFiles(spec).code}`],
    ...['-drive', `if=pflash,format=raw,unit=1,file=${files.uefiVariables}`],
    // Only code in system management mode may change a variable, as the keys need.
    ...(spec.secureBoot ? ['-global', 'driver=cfi.pflash01,property=secure,value=on'] : []),
    // Stands for the setting that firmware setups call "IPv6 PXE support": off, or every boot that
    // leaves the network path waits a minute for an IPv6 answer.
    ...['-fw_cfg', 'name=opt/org.tianocore/IPv6PXESupport,string=n'],
    // OVMF has one entry of a NIC for each way: without PXE, HTTP is what is left.
    ...(first === 'http' || spec.networkBoot === 'http'
      ? ['-fw_cfg', 'name=opt/org.tianocore/IPv4PXESupport,string=n']
      : []),
  ]
}

function diskArguments(
  disk: DiskSpec,
  index: number,
  { file, bootIndex, cache }: { file: string; bootIndex: number; cache: DiskCache },
): string[] {
  const id = `disk${index}`
  const common = `drive=${id},id=bay${index},serial=${disk.serial},bootindex=${bootIndex}`
  const mode = cache === 'lossless' ? 'directsync' : 'unsafe'
  const drive = `file=${file},if=none,id=${id},format=qcow2,cache=${mode},discard=unmap,detect-zeroes=unmap`
  const device = {
    virtio: ['-device', `virtio-blk-pci,${common}`],
    nvme: ['-device', `nvme,${common}`],
    ahci: ['-device', `ide-hd,bus=ahci0.${index},${common}`],
  }[disk.bus]
  return ['-drive', drive, ...device]
}

function netdevOf({ tap, cable }: NicSpec, index: number): string {
  if (!cable) return `tap,id=net${index},ifname=${tap},script=no,downscript=no`
  const end = (name: string, port: number) => `${name}.type=inet,${name}.host=127.0.0.1,${name}.port=${port}`
  return `dgram,id=net${index},${end('local', cable.ownPort)},${end('remote', cable.switchPort)}`
}

function nicArguments(nic: NicSpec, index: number, bootIndex: number, firmware: Firmware): string[] {
  // With an empty ROM file OVMF's own network boot runs; otherwise the card's iPXE ROM does, as BIOS needs.
  const rom = firmware === 'uefi' ? ',romfile=' : ''
  return [
    ...['-netdev', netdevOf(nic, index)],
    ...[
      '-device',
      `${nicDevices[nic.model]},netdev=net${index},id=nic${index},mac=${nic.mac},bootindex=${bootIndex}${rom}`,
    ],
  ]
}

/** What a machine has because of its BMC: the virtual CD drive, with a disc or empty, a monitor for it, and a driver's way to it. */
function bmcArguments(files: MachineFiles, bootIndex: number, medium: string | undefined): string[] {
  const file = medium === undefined ? '' : `,format=raw,file=${medium}`
  return [
    ...['-qmp', `unix:${files.bmcSocket},server=on,wait=off`],
    ...['-drive', `if=none,id=disc,media=cdrom,readonly=on${file}`],
    ...['-device', `ide-cd,bus=ide.0,drive=disc,id=media,bootindex=${bootIndex}`],
    ...['-chardev', `socket,id=ipmi0,path=${files.systemSocket},reconnect=1`],
    ...['-device', 'ipmi-bmc-extern,id=bmc0,chardev=ipmi0', '-device', 'isa-ipmi-kcs,bmc=bmc0'],
  ]
}

function cpuArguments(accelerator: Accelerator): string[] {
  if (accelerator === 'kvm') return ['-accel', 'kvm', '-cpu', 'max']
  // Without "enhanced rep movsb" kernel and libc copy and clear memory in words: an emulated CPU takes every
  // byte of a string instruction by itself (measured: fill 0.7 -> 10 GB/s, cached reads 0.4 -> 1.9 GB/s).
  return ['-accel', 'tcg,thread=multi', '-cpu', 'max,erms=off']
}

/**
 * Renders the arguments of qemu-system-x86_64: firmware that tries network and disks in the machine's order,
 * everything that it prints on a serial port that is logged, and a monitor socket.
 */
export function renderQemuArguments(
  spec: MachineSpec,
  files: MachineFiles,
  accelerator: Accelerator,
  start: { first?: StartDevice | undefined; medium?: string | undefined } = {},
): string[] {
  const indexes = bootIndexes(spec, start.first)
  const indexOf = (id: string): number => indexes.get(id) ?? 0
  return [
    ...['-name', spec.name, '-machine', `q35,graphics=off${spec.secureBoot ? ',smm=on' : ''}`],
    ...cpuArguments(accelerator),
    ...['-smp', String(spec.cpus), '-m', String(spec.memoryMib)],
    ...['-display', 'none', '-vga', 'none', '-nodefaults', '-rtc', 'base=utc'],
    ...['-uuid', spec.uuid],
    ...['-smbios', `type=1,manufacturer=QEMU,product=Virtual rack machine,serial=${spec.serialNumber}`],
    '-chardev',
    `socket,id=serial0,path=${files.serialSocket},server=on,wait=off,logfile=${files.serialLog},logappend=on`,
    ...['-serial', 'chardev:serial0'],
    ...['-qmp', `unix:${files.monitorSocket},server=on,wait=off`],
    ...firmwareArguments(spec, files, start.first),
    ...(spec.disks.some((disk) => disk.bus === 'ahci') ? ['-device', 'ich9-ahci,id=ahci0'] : []),
    ...spec.nics.flatMap((nic, index) => nicArguments(nic, index, indexOf(`nic${index}`), spec.firmware)),
    ...spec.disks.flatMap((disk, index) =>
      diskArguments(disk, index, {
        file: files.disks[index] ?? '',
        bootIndex: indexOf(`bay${index}`),
        cache: spec.diskCache ?? 'fast',
      }),
    ),
    ...(spec.bmc ? bmcArguments(files, indexOf('media'), start.medium) : []),
    ...['-object', 'rng-random,id=rng0,filename=/dev/urandom', '-device', 'virtio-rng-pci,rng=rng0'],
    ...['-pidfile', files.pid, '-daemonize'],
  ]
}
