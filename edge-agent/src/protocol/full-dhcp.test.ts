import { beforeEach, describe, expect, it } from 'vitest'
import { indexedBootView } from '../../test/boot-view.ts'
import { dhcpScenes, goldenFile, readDhcpScene } from '../../test/dhcp-fixtures.ts'
import { expectGolden } from '../../test/golden.ts'
import { renderDhcpPacket } from '../codec/dhcp/dump.ts'
import { dhcpOptions, readOption } from '../codec/dhcp/options.ts'
import { type DhcpPacket, decodeDhcpPacket, encodeDhcpPacket, messageTypes } from '../codec/dhcp/packet.ts'
import { encodeIpv4 } from '../codec/ipv4.ts'
import { encodeMac } from '../codec/mac.ts'
import type { BootView, LeasingInterface } from './boot-view.ts'
import { decideFullDhcp, type FullDhcpDecision } from './full-dhcp.ts'
import { createLeaseTable, type LeaseTable } from './leases.ts'

const mac = '52:54:00:77:00:02'
const other = '52:54:00:77:00:03'
const entry: LeasingInterface = {
  name: 'eth0',
  address: '10.77.0.2',
  prefixLength: 24,
  mode: 'full',
  dhcp: {
    firstAddress: '10.77.0.100',
    lastAddress: '10.77.0.102',
    gateway: '10.77.0.1',
    dnsServers: ['10.77.0.1', '9.9.9.9'],
    ntpServers: ['10.77.0.1'],
    domain: 'lab.example',
    leaseSeconds: 3600,
    clients: 'everyone',
    relayed: [
      {
        network: '10.20.0.0',
        prefixLength: 16,
        firstAddress: '10.20.0.10',
        lastAddress: '10.20.0.19',
        gateway: '10.20.0.1',
      },
    ],
  },
}
const uefiDiscover = decodeDhcpPacket(readDhcpScene('uefi-pxe')[0]?.bytes ?? new Uint8Array())
const ipxeDiscover = decodeDhcpPacket(readDhcpScene('bios-pxe')[0]?.bytes ?? new Uint8Array())
const overHttp = [
  [60, Buffer.from('HTTPClient:Arch:00016:UNDI:003001')],
  [93, Uint8Array.of(0, 16)],
] as const
const ours = [54, encodeIpv4('10.77.0.2')] as const

let leases: LeaseTable
let nowMs: number

beforeEach(() => {
  leases = createLeaseTable()
  nowMs = 1_000_000
})

type Options = (readonly [number, Uint8Array])[]

/** A plain client’s packet, such as an installed OS sends. */
function packet(
  type: keyof typeof messageTypes,
  options: Options = [],
  changes: Partial<DhcpPacket> = {},
): DhcpPacket {
  return {
    op: 1,
    hardwareType: 1,
    hardwareLength: 6,
    hops: 0,
    transactionId: 7,
    seconds: 0,
    flags: 0,
    clientAddress: '0.0.0.0',
    yourAddress: '0.0.0.0',
    serverAddress: '0.0.0.0',
    relayAddress: '0.0.0.0',
    clientHardware: Uint8Array.of(...encodeMac(mac), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    serverName: '',
    bootFile: '',
    ...changes,
    options: new Map([[53, Uint8Array.of(messageTypes[type])], ...options]),
  }
}

function from(client: string): Partial<DhcpPacket> {
  return { clientHardware: Uint8Array.of(...encodeMac(client), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) }
}

function requested(address: string): readonly [number, Uint8Array] {
  return [50, encodeIpv4(address)]
}

function decide(
  asked: DhcpPacket,
  view: Partial<BootView> = {},
  changes: Partial<LeasingInterface['dhcp']> = {},
) {
  const leasing = { ...entry, dhcp: { ...entry.dhcp, ...changes } }
  return decideFullDhcp(
    asked,
    { service: 'dhcp', from: { address: '0.0.0.0', port: 68 }, serverAddress: '10.77.0.2' },
    {
      entry: leasing,
      index: indexedBootView({ interfaces: [leasing], ...view }),
      leases,
      ports: { dhcpServer: 67, dhcpClient: 68, bootHttp: 6870 },
    },
    nowMs,
  )
}

/** Decides, finds every address free, and keeps what is to be kept. */
function settle(asked: DhcpPacket, view?: Partial<BootView>, changes?: Partial<LeasingInterface['dhcp']>) {
  let decision = decide(asked, view, changes)
  if (decision.kind === 'probe') {
    leases.put(decision.lease)
    decision = decide(asked, view, changes)
  }
  if ('lease' in decision && decision.lease) leases.put(decision.lease)
  return decision
}

function reply(decision: FullDhcpDecision, type: 'offer' | 'ack' | 'nak') {
  if (decision.kind !== 'reply') throw new Error(`no reply: ${JSON.stringify(decision)}`)
  expect(decision.type).toBe(type)
  // As it goes over the wire.
  return { ...decision, packet: decodeDhcpPacket(encodeDhcpPacket(decision.packet)) }
}

/** DISCOVER to ACK; gives the address. */
function bind(client = mac): string {
  const offer = reply(settle(packet('discover', [], from(client))), 'offer').packet
  const asked = packet('request', [ours, requested(offer.yourAddress)], from(client))
  return reply(settle(asked), 'ack').packet.yourAddress
}

describe('our answers to real firmware', () => {
  it.each(dhcpScenes())('in the captured scene %s are the committed ones', (scene) => {
    const answers = readDhcpScene(scene)
      .filter(({ to }) => to.port === 67)
      .map(({ from: { address, port }, bytes }) => {
        const decision = settle(decodeDhcpPacket(bytes))
        const answer =
          decision.kind === 'reply'
            ? `answered to ${decision.to.address}:${decision.to.port}\n${renderDhcpPacket(decision.packet)}`
            : `not answered: ${decision.kind === 'ignore' ? decision.reason : decision.kind}`
        return `${address}:${port} ${answer}\n`
      })
    expectGolden(goldenFile(scene, 'full-replies'), answers.join('\n'))
  })
})

describe('a new client', () => {
  it('is offered an address that was looked at first, with all that was set', () => {
    const first = decide(packet('discover', [[55, Uint8Array.of(1, 3, 6, 12)]]))
    expect(first).toMatchObject({ kind: 'probe', lease: { mac, state: 'offered', interface: 'eth0' } })
    const view = { machines: [machine({ hostname: 'node-1' })] }
    const { packet: offer, to } = reply(settle(packet('discover', [[55, Uint8Array.of(12)]]), view), 'offer')
    expect(to).toEqual({ address: '255.255.255.255', port: 68 })
    expect(offer.yourAddress).toMatch(/^10\.77\.0\.10[0-2]$/)
    const read = Object.fromEntries(
      Object.entries(dhcpOptions).map(([name, option]) => [
        name,
        readOption<unknown>(offer.options, option as never),
      ]),
    )
    expect(read).toMatchObject({
      serverIdentifier: '10.77.0.2',
      subnetMask: '255.255.255.0',
      broadcastAddress: '10.77.0.255',
      router: ['10.77.0.1'],
      domainNameServer: ['10.77.0.1', '9.9.9.9'],
      ntpServers: ['10.77.0.1'],
      domainName: 'lab.example',
      leaseTime: 3600,
      renewalTime: 1800,
      rebindingTime: 3150,
      hostName: 'node-1',
    })
    expect(offer.options.has(60)).toBe(false)
    expect(offer.serverAddress).toBe('0.0.0.0')
  })

  it('takes the address, and has it again after its lease is over and others came', () => {
    const address = bind()
    expect(leases.ofAddress(address)).toMatchObject({ mac, state: 'bound', untilMs: nowMs + 3_600_000 })
    nowMs += 4_000_000
    expect(bind(other)).not.toBe(address)
    expect(bind()).toBe(address)
  })

  it('gets the same address again though all leases were lost', () => {
    const address = bind()
    leases = createLeaseTable()
    expect(bind()).toBe(address)
  })

  it('may ask for an address and for a shorter lease', () => {
    const asked = packet('discover', [requested('10.77.0.102'), [51, Uint8Array.of(0, 0, 1, 0)]])
    const { packet: offer } = reply(settle(asked), 'offer')
    expect(offer.yourAddress).toBe('10.77.0.102')
    expect(readOption(offer.options, dhcpOptions.leaseTime)).toBe(256)
  })

  it('gets its client identifier and its relay’s option back', () => {
    const asked = packet('discover', [
      [82, Uint8Array.of(1, 1, 9)],
      [61, Uint8Array.of(1, 2, 3)],
    ])
    const { packet: offer } = reply(settle(asked), 'offer')
    expect(offer.options.get(61)).toEqual(Uint8Array.of(1, 2, 3))
    expect([...offer.options].at(-1)).toEqual([82, Uint8Array.of(1, 1, 9)])
  })

  it('gets nothing when all addresses are in use, and what is oldest when one is over', () => {
    const taken = ['04', '05', '06'].map((last) => bind(`52:54:00:77:00:${last}`))
    expect(new Set(taken).size).toBe(3)
    expect(decide(packet('discover'))).toMatchObject({ kind: 'ignore', reason: 'pool-exhausted' })
    nowMs += 3_600_001
    const [oldest = ''] = taken
    const lease = leases.ofAddress(oldest)
    if (lease) leases.put({ ...lease, untilMs: 5 })
    expect(bind()).toBe(oldest)
  })

  it('gets nothing where only known machines do', () => {
    expect(decide(packet('discover'), {}, { clients: 'known' })).toMatchObject({ reason: 'unknown-machine' })
    expect(decide(packet('discover'), { machines: [machine()] }, { clients: 'known' }).kind).toBe('probe')
  })

  it('is not one with a group address or none', () => {
    for (const client of ['01:00:5e:00:00:01', '00:00:00:00:00:00'])
      expect(decide(packet('discover', [], from(client)))).toMatchObject({ reason: 'not-ethernet' })
  })
})

function machine(changes: Partial<BootView['machines'][number]> = {}): BootView['machines'][number] {
  return { machineId: 'm1', macs: [mac], boot: 'local', reason: 'Nothing is armed.', ...changes }
}

describe('a machine with a reservation', () => {
  const view = { machines: [machine({ reservation: { mac, address: '10.77.0.50' } })] }

  it('gets that address, outside the range too, and loses another one', () => {
    const earlier = bind()
    expect(reply(settle(packet('discover'), view), 'offer').packet.yourAddress).toBe('10.77.0.50')
    reply(decide(packet('request', [requested(earlier)]), view), 'nak')
    reply(decide(packet('request', [ours, requested('10.77.0.50')]), view), 'ack')
  })

  it('keeps it from others', () => {
    const inRange = { machines: [machine({ reservation: { mac, address: '10.77.0.101' } })] }
    const asked = packet('discover', [requested('10.77.0.101')], from(other))
    expect(reply(settle(asked, inRange), 'offer').packet.yourAddress).not.toBe('10.77.0.101')
    reply(decide(packet('request', [ours, requested('10.77.0.101')], from(other)), inRange), 'nak')
  })
})

describe('a REQUEST', () => {
  it('for another server frees what was offered, and tells of that server', () => {
    const offer = reply(settle(packet('discover')), 'offer').packet
    const decision = settle(packet('request', [[54, encodeIpv4('10.77.0.1')], requested('10.77.0.9')]))
    expect(decision).toMatchObject({ reason: 'for-another-server', otherServer: '10.77.0.1' })
    expect(leases.ofAddress(offer.yourAddress)?.state).toBe('ended')
  })

  it('for an address that was given to somebody else, or is none of ours, is refused to all', () => {
    const address = bind(other)
    for (const wanted of [address, '10.77.0.9', '192.168.1.5']) {
      const { packet: nak, to } = reply(settle(packet('request', [ours, requested(wanted)])), 'nak')
      expect([nak.yourAddress, to.address]).toEqual(['0.0.0.0', '255.255.255.255'])
    }
  })

  it('after a reboot is answered by what is known: yes, no, or nothing (RFC 2131 §4.3.2)', () => {
    const address = bind()
    reply(decide(packet('request', [requested(address)])), 'ack')
    reply(decide(packet('request', [requested('10.77.0.99')])), 'nak')
    reply(decide(packet('request', [requested('192.168.1.5')])), 'nak')
    expect(decide(packet('request', [requested('10.77.0.99')], from(other)))).toMatchObject({
      reason: 'unknown-lease',
    })
  })

  it('that renews is answered where the client is, and prolongs the lease', () => {
    const address = bind()
    nowMs += 1_800_000
    const { packet: ack, to } = reply(settle(packet('request', [], { clientAddress: address })), 'ack')
    expect(to).toEqual({ address, port: 68 })
    expect([ack.yourAddress, ack.clientAddress]).toEqual([address, address])
    expect(leases.ofAddress(address)).toMatchObject({ startedAtMs: 1_000_000, untilMs: nowMs + 3_600_000 })
  })

  it('that renews what we forgot keeps it, unless somebody else has it now', () => {
    reply(settle(packet('request', [], { clientAddress: '10.77.0.101' })), 'ack')
    reply(decide(packet('request', [], { clientAddress: '10.77.0.101', ...from(other) })), 'nak')
  })

  it('that renews in a network that is not ours is left alone', () => {
    expect(decide(packet('request', [], { clientAddress: '192.168.1.5' }))).toMatchObject({
      reason: 'unknown-subnet',
    })
  })
})

describe('DECLINE, RELEASE and INFORM', () => {
  it('keep a declined address from everybody for a while', () => {
    const address = bind()
    expect(settle(packet('decline', [ours, requested(address)]))).toMatchObject({ what: 'declined' })
    expect(bind()).not.toBe(address)
    reply(decide(packet('request', [ours, requested(address)], from(other))), 'nak')
    nowMs += 600_001
    reply(decide(packet('request', [ours, requested(address)], from(other))), 'ack')
  })

  it('free what is given back, by its holder alone', () => {
    const address = bind()
    expect(settle(packet('release', [ours], { clientAddress: address, ...from(other) }))).toMatchObject({
      reason: 'unknown-lease',
    })
    expect(settle(packet('release', [ours], { clientAddress: address }))).toMatchObject({ what: 'released' })
    reply(decide(packet('request', [ours, requested(address)], from(other))), 'ack')
  })

  it('tell settings without an address or a lease', () => {
    const { packet: ack, to } = reply(decide(packet('inform', [], { clientAddress: '10.77.0.77' })), 'ack')
    expect(to).toEqual({ address: '10.77.0.77', port: 68 })
    expect(ack.yourAddress).toBe('0.0.0.0')
    expect([ack.options.has(51), ack.options.has(1)]).toEqual([false, true])
  })
})

describe('a relay', () => {
  const relayed = { relayAddress: '10.20.3.1' }

  it('gets an address of its own network, and no probe is tried', () => {
    const { packet: offer, to } = reply(decide(packet('discover', [], relayed)), 'offer')
    expect(offer.yourAddress).toMatch(/^10\.20\.0\.1\d$/)
    expect(to).toEqual({ address: '10.20.3.1', port: 67 })
    expect(readOption(offer.options, dhcpOptions.router)).toEqual(['10.20.0.1'])
    expect(readOption(offer.options, dhcpOptions.subnetMask)).toBe('255.255.0.0')
  })

  it('may name the network of the client, and itself as the server (RFC 3527, RFC 5107)', () => {
    const information = Uint8Array.of(5, 4, 10, 20, 0, 0, 11, 4, 10, 20, 3, 1)
    expect(decide(packet('discover', [[82, information]], { relayAddress: '172.16.0.1' }))).toMatchObject({
      reason: 'unknown-subnet',
    })
    information[5] = 1
    const { packet: offer } = reply(
      decide(packet('discover', [[82, information]], { relayAddress: '172.16.0.1' })),
      'offer',
    )
    expect(offer.yourAddress).toMatch(/^10\.20\.0\./)
    expect(readOption(offer.options, dhcpOptions.serverIdentifier)).toBe('10.20.3.1')
  })

  it('is asked to broadcast a refusal', () => {
    const { packet: nak, to } = reply(
      decide(packet('request', [ours, requested('192.168.1.5')], relayed)),
      'nak',
    )
    expect([nak.flags & 0x8000, to.address]).toEqual([0x8000, '10.20.3.1'])
  })
})

describe('a machine that netboots', () => {
  it('gets address and boot file in one answer', () => {
    const { packet: offer, bootFile } = reply(settle(uefiDiscover), 'offer')
    expect(offer).toMatchObject({
      serverAddress: '10.77.0.2',
      serverName: '10.77.0.2',
      bootFile: 'snponly.efi',
    })
    expect(bootFile).toBe('snponly.efi')
    expect(offer.yourAddress).toMatch(/^10\.77\.0\.10/)
    expect(Buffer.from(offer.options.get(60) ?? []).toString()).toBe('PXEClient')
    expect(offer.options.get(43)).toEqual(Uint8Array.of(6, 1, 8, 255))
    expect(offer.options.get(97)).toEqual(uefiDiscover.options.get(97))
  })

  it('starts by signed programs where the network is set to Secure Boot', () => {
    const secure = { secureBoot: true }
    expect(reply(settle(uefiDiscover, {}, secure), 'offer').packet.bootFile).toBe('shimx64.efi')
    // Over HTTP there is no way for signed GRUB, which knows TFTP alone; BIOS and iPXE go on as ever.
    const http = { ...uefiDiscover, options: new Map([...uefiDiscover.options, ...overHttp]) }
    expect(reply(settle(http, {}, secure), 'offer').packet.bootFile).toMatch(/snponly\.efi$/)
    expect(reply(settle(ipxeDiscover, {}, secure), 'offer').packet.bootFile).toContain('/ipxe/')
  })

  it('as iPXE gets its script, and is told not to wait for a proxy', () => {
    const { packet: offer } = reply(settle(ipxeDiscover), 'offer')
    expect(offer.bootFile).toContain('http://10.77.0.2:6870/ipxe/')
    expect(offer.options.get(175)).toEqual(Uint8Array.of(0xb0, 1, 1))
  })

  it('by UEFI HTTP gets a URL, and HTTPClient back', () => {
    const http = { ...uefiDiscover, options: new Map([...uefiDiscover.options, ...overHttp]) }
    const { packet: offer } = reply(settle(http), 'offer')
    expect(offer.bootFile).toBe('http://10.77.0.2:6870/boot/snponly.efi')
    expect(Buffer.from(offer.options.get(60) ?? []).toString()).toBe('HTTPClient')
  })

  it('gets an address alone where the site ignores it, or there is nothing to boot it with', () => {
    for (const view of [{ unknownMachines: 'ignore' as const }, { bundleReady: false }]) {
      const { packet: offer, bootFile } = reply(settle(uefiDiscover, view), 'offer')
      expect([offer.bootFile, bootFile, offer.options.has(60)]).toEqual(['', undefined, false])
      expect(offer.yourAddress).toMatch(/^10\.77\.0\.10/)
    }
  })
})
