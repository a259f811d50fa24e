import { describe, expect, test } from 'vitest'
import { type MachineFiles, type MachineSpec, renderQemuArguments } from './qemu.ts'

const files: MachineFiles = {
  disks: ['/m/disk0.qcow2', '/m/disk1.qcow2'],
  serialLog: '/m/serial.log',
  serialSocket: '/run/a.serial',
  monitorSocket: '/run/a.monitor',
  bmcSocket: '/run/a.bmc',
  systemSocket: '/run/a.ipmi',
  pid: '/m/qemu.pid',
  uefiVariables: '/m/uefi-variables.fd',
}

const spec: MachineSpec = {
  name: 'web-1',
  firmware: 'bios',
  firstBoot: 'network',
  memoryMib: 1024,
  cpus: 2,
  uuid: '77000000-0000-4000-8000-000000000001',
  serialNumber: 'SN1',
  disks: [{ bus: 'virtio', sizeBytes: 8 * 2 ** 30, serial: 'D1' }],
  nics: [{ model: 'virtio', mac: '52:54:00:77:00:01', tap: 'tap0' }],
}

/** The values that follow one option, in order. */
function valuesOf(option: string, args: readonly string[]): string[] {
  return args.flatMap((arg, index) => (arg === option ? [args[index + 1] ?? ''] : []))
}

describe('renderQemuArguments', () => {
  test('boots from the network first and from the disk second', () => {
    const devices = valuesOf('-device', renderQemuArguments(spec, files, 'tcg'))
    expect(devices).toContain('virtio-net-pci,netdev=net0,id=nic0,mac=52:54:00:77:00:01,bootindex=0')
    expect(devices).toContain('virtio-blk-pci,drive=disk0,id=bay0,serial=D1,bootindex=1')
  })

  test('disk first puts every disk before every NIC', () => {
    const devices = valuesOf('-device', renderQemuArguments({ ...spec, firstBoot: 'disk' }, files, 'tcg'))
    expect(devices).toContain('virtio-net-pci,netdev=net0,id=nic0,mac=52:54:00:77:00:01,bootindex=1')
    expect(devices).toContain('virtio-blk-pci,drive=disk0,id=bay0,serial=D1,bootindex=0')
  })

  test('a BMC brings an empty CD drive, last in the order unless a start asks for it', () => {
    const bmc = { address: '10.77.0.11', personality: 'dell' as const, users: [] }
    const cdDevice = (args: readonly string[]) =>
      valuesOf('-device', args).find((device) => device.startsWith('ide-cd'))
    const usual = renderQemuArguments({ ...spec, bmc }, files, 'tcg')
    expect(cdDevice(usual)).toMatch(/,bootindex=2$/)
    expect(valuesOf('-drive', usual).join()).not.toContain('.iso')
    const start = { first: 'cdrom' as const, medium: '/m/a.iso' }
    const fromDisc = renderQemuArguments({ ...spec, bmc }, files, 'tcg', start)
    expect(cdDevice(fromDisc)).toMatch(/,bootindex=0$/)
    expect(valuesOf('-drive', fromDisc).at(-1)).toMatch(/,file=\/m\/a.iso$/)
  })

  test('a reset in the guest does not end the machine', () => {
    expect(renderQemuArguments(spec, files, 'tcg')).not.toContain('-no-reboot')
  })

  test('BIOS gets no flash; the NIC keeps its iPXE ROM', () => {
    const args = renderQemuArguments(spec, files, 'tcg')
    expect(args.join(' ')).not.toMatch(/pflash|romfile|fw_cfg/)
  })

  test('UEFI gets its own variable store, no option ROM, and no IPv6 network boot', () => {
    const args = renderQemuArguments({ ...spec, firmware: 'uefi' }, files, 'tcg')
    expect(valuesOf('-drive', args)).toContain('if=pflash,format=raw,unit=1,file=/m/uefi-variables.fd')
    expect(valuesOf('-device', args).find((device) => device.startsWith('virtio-net'))).toMatch(/,romfile=$/)
    expect(valuesOf('-fw_cfg', args)).toEqual(['name=opt/org.tianocore/IPv6PXESupport,string=n'])
  })

  test('every disk has its own bus address, serial and place after all NICs', () => {
    const args = renderQemuArguments(
      {
        ...spec,
        nics: [...spec.nics, { model: 'e1000e', mac: '52:54:00:77:00:02', tap: 'tap1' }],
        disks: [
          { bus: 'ahci', sizeBytes: 1, serial: 'A' },
          { bus: 'ahci', sizeBytes: 1, serial: 'B' },
        ],
      },
      files,
      'tcg',
    )
    expect(valuesOf('-device', args)).toEqual([
      'ich9-ahci,id=ahci0',
      'virtio-net-pci,netdev=net0,id=nic0,mac=52:54:00:77:00:01,bootindex=0',
      'e1000e,netdev=net1,id=nic1,mac=52:54:00:77:00:02,bootindex=1',
      'ide-hd,bus=ahci0.0,drive=disk0,id=bay0,serial=A,bootindex=2',
      'ide-hd,bus=ahci0.1,drive=disk1,id=bay1,serial=B,bootindex=3',
      'virtio-rng-pci,rng=rng0',
    ])
    expect(valuesOf('-drive', args)[1]).toContain('file=/m/disk1.qcow2,if=none,id=disk1')
  })
})
