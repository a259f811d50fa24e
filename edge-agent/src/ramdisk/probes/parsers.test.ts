import { describe, expect, test } from 'vitest'
import { parseCpuinfo } from './parse-cpuinfo.ts'
import { parseMemoryDevices } from './parse-dmidecode.ts'
import { parseLanPrint, parseMcInfo } from './parse-ipmi.ts'
import { parseLldp } from './parse-lldp.ts'
import { parseOsRelease } from './parse-os-release.ts'
import { parseNvmeSmartLog, parseSmartctl } from './parse-smartctl.ts'
import { cleanSmbiosText, cleanText } from './text.ts'

describe('parseMemoryDevices', () => {
  const text = `Memory Device
\tArray Handle: 0x0023
\tError Information Handle: Not Provided
\tTotal Width: 72 bits
\tData Width: 64 bits
\tSize: 32 GB
\tForm Factor: DIMM
\tSet: None
\tLocator: P1-DIMMA1
\tBank Locator: P0_Node0_Channel0_Dimm0
\tType: DDR4
\tType Detail: Synchronous Registered (Buffered)
\tSpeed: 3200 MT/s
\tManufacturer: Samsung
\tSerial Number: 03A1B2C4
\tAsset Tag: P1-DIMMA1_AssetTag (date:21/10)
\tPart Number: M393A4K40DB3-CWE   
\tRank: 2
\tConfigured Memory Speed: 2933 MT/s
\tConfigured Voltage: 1.2 V

Memory Device
\tArray Handle: 0x0023
\tSize: No Module Installed
\tLocator: P1-DIMMA2
\tType: Unknown
\tSpeed: Unknown

Memory Device
\tSize: 16384 MB
\tLocator: DIMM_B1
\tType: DDR3
\tSpeed: 1600 MHz
\tManufacturer: Not Specified
\tSerial Number: Not Specified
\tPart Number: Not Specified
`

  test('reads modules, and leaves empty slots out', () => {
    expect(parseMemoryDevices(text)).toEqual([
      {
        slot: 'P1-DIMMA1',
        sizeBytes: 32 * 1024 ** 3,
        type: 'DDR4',
        speedMtps: 2933,
        manufacturer: 'Samsung',
        partNumber: 'M393A4K40DB3-CWE',
        serial: '03A1B2C4',
      },
      {
        slot: 'DIMM_B1',
        sizeBytes: 16 * 1024 ** 3,
        type: 'DDR3',
        speedMtps: 1600,
        manufacturer: null,
        partNumber: null,
        serial: null,
      },
    ])
  })

  test('reads nothing from nothing', () => {
    expect(parseMemoryDevices('')).toEqual([])
    expect(parseMemoryDevices('# No SMBIOS nor DMI entry point found, sorry.\n')).toEqual([])
  })
})

describe('parseSmartctl', () => {
  test('reads an ATA SSD’s wear from its attributes', () => {
    const text = JSON.stringify({
      json_format_version: [1, 0],
      smartctl: { version: [7, 3], exit_status: 0 },
      device: { name: '/dev/sda', type: 'sat', protocol: 'ATA' },
      model_family: 'Samsung based SSDs',
      model_name: 'SAMSUNG MZ7LH960HAJR-00005',
      serial_number: 'S45NNA0M123456',
      rotation_rate: 0,
      smart_status: { passed: true },
      ata_smart_attributes: {
        table: [
          { id: 5, name: 'Reallocated_Sector_Ct', value: 100, raw: { value: 0 } },
          { id: 177, name: 'Wear_Leveling_Count', value: 93, raw: { value: 112 } },
        ],
      },
    })
    expect(parseSmartctl(text)).toEqual({
      healthy: true,
      wearPercent: 7,
      model: 'SAMSUNG MZ7LH960HAJR-00005',
      serial: 'S45NNA0M123456',
    })
  })

  test('a spinning disk has no wear, and says when it is failing', () => {
    const text = JSON.stringify({
      model_name: 'ST4000NM0035',
      rotation_rate: 7200,
      smart_status: { passed: false },
      ata_smart_attributes: { table: [{ id: 177, value: 10 }] },
    })
    expect(parseSmartctl(text)).toMatchObject({ healthy: false, wearPercent: null })
  })

  test('reads NVMe and SAS', () => {
    const nvme = {
      smart_status: { passed: true },
      nvme_smart_health_information_log: { percentage_used: 104 },
    }
    expect(parseSmartctl(JSON.stringify(nvme))).toMatchObject({ healthy: true, wearPercent: 104 })
    const sas = { scsi_model_name: 'HGST X', scsi_percentage_used_endurance_indicator: 3 }
    expect(parseSmartctl(JSON.stringify(sas))).toMatchObject({
      healthy: null,
      wearPercent: 3,
      model: 'HGST X',
    })
  })

  test.each([
    '',
    'smartctl 7.3',
    '[]',
    'null',
    '{"ata_smart_attributes":{"table":[null,3]},"rotation_rate":0}',
  ])('survives %j', (text) => {
    expect(parseSmartctl(text)?.wearPercent ?? null).toBeNull()
  })
})

describe('parseNvmeSmartLog', () => {
  test('reads nvme-cli 2.4', () => {
    const text =
      '{"critical_warning":0,"temperature":308,"avail_spare":100,"spare_thresh":10,"percent_used":12,"endurance_grp_critical_warning_summary":0,"data_units_read":1,"power_on_hours":8}'
    expect(parseNvmeSmartLog(text)).toEqual({ healthy: true, wearPercent: 12 })
  })

  test('reads a warning in both shapes', () => {
    expect(parseNvmeSmartLog('{"critical_warning":4,"percent_used":255}')).toEqual({
      healthy: false,
      wearPercent: 255,
    })
    expect(parseNvmeSmartLog('{"critical_warning":{"value":1,"available_spare":1}}')).toEqual({
      healthy: false,
      wearPercent: null,
    })
    expect(parseNvmeSmartLog('NVMe status: INVALID_OPCODE')).toBeNull()
  })
})

describe('parseLldp', () => {
  const text = JSON.stringify({
    lldp: [
      {
        interface: [
          {
            name: 'eno1',
            via: 'LLDP',
            rid: '1',
            age: '0 day, 00:00:12',
            chassis: [
              {
                id: [{ type: 'mac', value: '44:4c:a8:00:11:22' }],
                name: [{ value: 'tor-r12a' }],
                descr: [{ value: 'Arista Networks EOS version 4.28' }],
                capability: [{ type: 'Bridge', enabled: true }],
              },
            ],
            port: [
              {
                id: [{ type: 'ifname', value: 'Ethernet14' }],
                descr: [{ value: 'r12-u07 nic1' }],
                ttl: [{ value: '120' }],
              },
            ],
            vlan: [
              { 'vlan-id': '20', pvid: false, value: 'storage' },
              { 'vlan-id': '10', pvid: true, value: 'prov' },
            ],
          },
          { name: 'eno1', chassis: [{ id: [{ value: 'second' }] }], port: [{ id: [{ value: 'p' }] }] },
          {
            name: 'eno2',
            chassis: [{ id: [{ type: 'mac', value: '44:4c:a8:00:11:23' }] }],
            port: [{ id: [{ type: 'mac', value: '44:4c:a8:00:11:24' }] }],
          },
          { name: 'eno3', chassis: [], port: [] },
        ],
      },
    ],
  })

  test('reads the first neighbour of each port, and the untagged VLAN', () => {
    expect(Object.fromEntries(parseLldp(text))).toEqual({
      eno1: { chassis: 'tor-r12a', port: 'Ethernet14', portDescription: 'r12-u07 nic1', vlan: 10 },
      eno2: { chassis: '44:4c:a8:00:11:23', port: '44:4c:a8:00:11:24', portDescription: null, vlan: null },
    })
  })

  test.each(['', '{}', '{"lldp":[{}]}', '{"lldp":[null]}', '{"lldp":{"interface":"x"}}'])(
    'nobody in %j',
    (nothing) => {
      expect(parseLldp(nothing).size).toBe(0)
    },
  )
})

describe('IPMI', () => {
  const lan = `Set in Progress         : Set Complete
Auth Type Support       : NONE MD2 MD5 PASSWORD 
IP Address Source       : DHCP Address
IP Address              : 10.20.30.41
Subnet Mask             : 255.255.255.0
MAC Address             : AC:1F:6B:01:02:03
SNMP Community String   : public
BMC ARP Control         : ARP Responses Enabled, Gratuitous ARP Disabled
Default Gateway IP      : 10.20.30.1
Default Gateway MAC     : 00:00:00:00:00:00
802.1q VLAN ID          : Disabled
`

  test('reads the BMC’s own address and MAC', () => {
    expect(parseLanPrint(lan)).toEqual({ address: '10.20.30.41', mac: 'ac:1f:6b:01:02:03' })
    expect(parseLanPrint(lan.replace('10.20.30.41', '0.0.0.0'))?.address).toBeNull()
    expect(parseLanPrint('Invalid channel: 3')).toBeNull()
  })

  test('reads the firmware', () => {
    const info = `Device ID                 : 32
Device Revision           : 1
Firmware Revision         : 1.74
IPMI Version              : 2.0
Manufacturer ID           : 10876
Manufacturer Name         : Supermicro
`
    expect(parseMcInfo(info)).toBe('Supermicro 1.74')
    expect(parseMcInfo(info.replace('Supermicro', 'Unknown (0x2A7C)'))).toBe('1.74')
    expect(parseMcInfo('')).toBeNull()
  })
})

test('counts sockets, cores and threads', () => {
  const thread = (processor: number, socket: number, core: number): string =>
    `processor\t: ${processor}\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 7302P 16-Core Processor\nphysical id\t: ${socket}\ncore id\t\t: ${core}\nflags\t\t: fpu vme aes\n`
  const text = [thread(0, 0, 0), thread(1, 0, 1), thread(2, 0, 0), thread(3, 1, 0)].join('\n')
  expect(parseCpuinfo(text)).toEqual({
    cpu: { model: 'AMD EPYC 7302P 16-Core Processor', sockets: 2, cores: 3, threads: 4 },
    hypervisor: false,
  })
  expect(parseCpuinfo(text.replace('aes', 'hypervisor aes')).hypervisor).toBe(true)
  expect(parseCpuinfo('').cpu).toEqual({ model: null, sockets: 1, cores: 1, threads: 1 })
})

test('names a system by its os-release', () => {
  expect(parseOsRelease('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\n')).toBe(
    'Debian GNU/Linux 12 (bookworm)',
  )
  expect(parseOsRelease("NAME='Alpine Linux'\n")).toBe('Alpine Linux')
  expect(parseOsRelease('garbage')).toBeNull()
})

test('placeholders of vendors are no serial numbers', () => {
  for (const text of [
    'To Be Filled By O.E.M.',
    'Default string',
    'Not Specified',
    '0123456789',
    '00000000',
    ' ',
  ]) {
    expect(cleanSmbiosText(text)).toBeNull()
  }
  expect(cleanSmbiosText(' J1032XR4 ')).toBe('J1032XR4')
  expect(cleanText(`a\u0000\u001b[31m${'x'.repeat(500)}`)).toHaveLength(256)
})
