import { describe, expect, it } from 'vitest'
import { indexedBootView } from '../../test/boot-view.ts'
import { dhcpScenes, goldenFile, readDhcpScene } from '../../test/dhcp-fixtures.ts'
import { expectGolden } from '../../test/golden.ts'
import { renderDhcpPacket } from '../codec/dhcp/dump.ts'
import { type DhcpPacket, decodeDhcpPacket, encodeDhcpPacket } from '../codec/dhcp/packet.ts'
import { MalformedPacketError } from '../codec/malformed-packet-error.ts'
import type { DhcpReceived } from './boot-answer.ts'
import type { IndexedBootView } from './boot-view.ts'
import { buildProbes } from './dhcp-probe.ts'
import { decideProxyDhcp } from './proxy-dhcp.ts'

const ports = { dhcpServer: 67, dhcpClient: 68, bootHttp: 6870 }
const serverAddress = '10.77.0.2'
const onDhcp: DhcpReceived = { service: 'dhcp', from: { address: '0.0.0.0', port: 68 }, serverAddress }
const onBootServer: DhcpReceived = {
  service: 'boot-server',
  from: { address: '10.77.0.131', port: 4011 },
  serverAddress,
}

function firstPacket(scene: string, type: number): DhcpPacket {
  const packets = readDhcpScene(scene).map(({ bytes }) => decodeDhcpPacket(bytes))
  const found = packets.find((packet) => packet.op === 1 && packet.options.get(53)?.[0] === type)
  if (!found) throw new Error(`no such packet in ${scene}`)
  return found
}

function withOptions(packet: DhcpPacket, changes: Record<number, Uint8Array | undefined>): DhcpPacket {
  const options = new Map(packet.options)
  for (const [code, value] of Object.entries(changes)) {
    if (value) options.set(Number(code), value)
    else options.delete(Number(code))
  }
  return { ...packet, options }
}

function decide(packet: DhcpPacket, received = onDhcp, index: IndexedBootView = indexedBootView()) {
  return decideProxyDhcp(packet, received, index, ports, 0)
}

function reply(packet: DhcpPacket, received = onDhcp, index = indexedBootView()) {
  const decision = decide(packet, received, index)
  if (decision.kind !== 'reply') throw new Error(`ignored: ${decision.reason}`)
  return { ...decision, packet: decodeDhcpPacket(encodeDhcpPacket(decision.packet)) }
}

const uefiDiscover = firstPacket('uefi-pxe', 1)
const biosIpxeDiscover = firstPacket('bios-pxe', 1)
const uefiHttpDiscover = firstPacket('uefi-http', 1)
const ask4011 = withOptions(uefiDiscover, { 53: Uint8Array.of(3) })

describe('our answers to real firmware', () => {
  it.each(dhcpScenes())('in the captured scene %s are the committed ones', (scene) => {
    const answers = readDhcpScene(scene).map(({ from, to, bytes }) => {
      const received: DhcpReceived = {
        service: to.port === 4011 ? 'boot-server' : 'dhcp',
        from,
        serverAddress,
      }
      const decision = decide(decodeDhcpPacket(bytes), received)
      const answer =
        decision.kind === 'ignore'
          ? `ignored: ${decision.reason}`
          : `answered to ${decision.to.address}:${decision.to.port}\n${renderDhcpPacket(decision.packet)}`
      return `${from.address}:${from.port} -> ${to.address}:${to.port} ${answer}\n`
    })
    expectGolden(goldenFile(scene, 'replies'), answers.join('\n'))
  })
})

describe('an offer', () => {
  it('to UEFI names the loader, with option 43 so that it need not ask again', () => {
    const { packet, to } = reply(uefiDiscover)
    expect(to).toEqual({ address: '255.255.255.255', port: 68 })
    expect(packet).toMatchObject({
      op: 2,
      transactionId: uefiDiscover.transactionId,
      flags: 0x8000,
      yourAddress: '0.0.0.0',
      serverAddress,
      serverName: serverAddress,
      bootFile: 'snponly.efi',
    })
    expect([...(packet.options.get(43) ?? [])]).toEqual([6, 1, 8, 255])
    expect(packet.options.get(97)).toEqual(uefiDiscover.options.get(97))
    for (const lease of [1, 3, 6, 51, 58, 59]) expect(packet.options.has(lease)).toBe(false)
  })

  it('to iPXE is the address of its script', () => {
    expect(reply(biosIpxeDiscover).packet.bootFile).toBe(
      'http://10.77.0.2:6870/ipxe/52-54-00-77-00-01?uuid=77000000-0000-4000-8000-000000000001',
    )
  })

  it('to UEFI HTTP boot is a URL, from an HTTPClient server, without option 43', () => {
    const { packet } = reply(uefiHttpDiscover)
    expect(packet.bootFile).toBe('http://10.77.0.2:6870/boot/snponly.efi')
    expect(Buffer.from(packet.options.get(60) ?? []).toString()).toBe('HTTPClient')
    expect(packet.options.has(43)).toBe(false)
  })

  it('to a BIOS that is not iPXE is undionly.kpxe', () => {
    const bios = withOptions(biosIpxeDiscover, { 77: undefined, 175: undefined })
    expect(reply(bios).packet.bootFile).toBe('undionly.kpxe')
  })

  it('to an iPXE without HTTP is our own iPXE', () => {
    const noHttp = withOptions(biosIpxeDiscover, { 175: Uint8Array.of(0x15, 1, 1) })
    expect(reply(noHttp).packet.bootFile).toBe('undionly.kpxe')
  })

  it('has another option behind option 67, for EDK2 writes a NUL there', () => {
    const packet = reply(withOptions(uefiDiscover, { 97: undefined })).packet
    expect([...packet.options.keys()].at(-1)).not.toBe(67)
  })

  it('repeats relay information unchanged, last, and goes to the relay', () => {
    const relayed = {
      ...withOptions(uefiDiscover, { 82: Uint8Array.of(1, 2, 3, 4) }),
      relayAddress: '10.9.0.1',
    }
    const { packet, to } = reply(relayed)
    expect(to).toEqual({ address: '10.9.0.1', port: 67 })
    expect(packet.relayAddress).toBe('10.9.0.1')
    expect([...packet.options].at(-1)).toEqual([82, Uint8Array.of(1, 2, 3, 4)])
  })

  it('goes to no relay that is none', () => {
    expect(decide({ ...uefiDiscover, relayAddress: '224.0.0.1' })).toMatchObject({
      reason: 'unreachable-relay',
    })
  })
})

describe('an answer on port 4011', () => {
  it('is an ACK to wherever the question came from', () => {
    const { packet, to } = reply(ask4011, onBootServer)
    expect(to).toEqual({ address: '10.77.0.131', port: 4011 })
    expect(packet.options.get(53)).toEqual(Uint8Array.of(5))
    expect(packet.bootFile).toBe('snponly.efi')
  })

  it('is also given to an INFORM', () => {
    expect(decide(withOptions(ask4011, { 53: Uint8Array.of(8) }), onBootServer).kind).toBe('reply')
  })

  it('is not given for another server', () => {
    expect(decide(withOptions(ask4011, { 54: Uint8Array.of(10, 77, 0, 1) }), onBootServer)).toMatchObject({
      reason: 'for-another-server',
    })
  })
})

describe('no answer', () => {
  it.each([
    ['a reply', { ...uefiDiscover, op: 2 }, 'not-a-request'],
    ['Infiniband', { ...uefiDiscover, hardwareType: 32 }, 'not-ethernet'],
    ['plain BOOTP', withOptions(uefiDiscover, { 53: undefined }), 'no-message-type'],
    ['a REQUEST on port 67', ask4011, 'not-for-a-proxy'],
    ['an installed OS', firstPacket('bios-pxe', 3), 'not-for-a-proxy'],
    ['a client that does not netboot', withOptions(uefiDiscover, { 60: undefined }), 'not-a-boot-client'],
    [
      'no architecture at all',
      withOptions(uefiDiscover, { 60: Uint8Array.from(Buffer.from('PXEClient')), 93: undefined }),
      'no-architecture',
    ],
    ['ARM64', withOptions(uefiDiscover, { 93: Uint8Array.of(0, 11) }), 'unsupported-architecture'],
    [
      'an unheard-of architecture',
      withOptions(uefiDiscover, { 93: Uint8Array.of(99, 99) }),
      'unsupported-architecture',
    ],
    [
      'a Raspberry Pi, which calls itself a BIOS',
      {
        ...biosIpxeDiscover,
        clientHardware: Uint8Array.of(0xb8, 0x27, 0xeb, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
      },
      'raspberry-pi',
    ],
  ])('to %s', (_, packet, reason) => {
    expect(decide(packet)).toMatchObject({ kind: 'ignore', reason })
  })

  it('to an edge that asks who is there', () => {
    const [, pxe] = buildProbes('52:54:00:77:00:02', { plain: 1, pxe: 2 })
    if (!pxe) throw new Error('there are two')
    expect(decide(pxe)).toEqual({ kind: 'ignore', reason: 'probe' })
  })

  it('to a DISCOVER on port 4011', () => {
    expect(decide(uefiDiscover, onBootServer)).toMatchObject({ reason: 'not-for-a-proxy' })
  })

  it('to an unknown machine where the site ignores them', () => {
    expect(decide(uefiDiscover, onDhcp, indexedBootView({ unknownMachines: 'ignore' }))).toMatchObject({
      reason: 'unknown-machine',
      seen: { mac: '52:54:00:77:00:02' },
    })
  })

  it('to firmware that needs a loader, while there is none; iPXE still gets its script', () => {
    const index = indexedBootView({ bundleReady: false })
    expect(decide(uefiDiscover, onDhcp, index)).toMatchObject({ reason: 'bundle-not-ready' })
    expect(decide(biosIpxeDiscover, onDhcp, index).kind).toBe('reply')
  })

  it('to a packet with a broken option that matters', () => {
    expect(() => decide(withOptions(uefiDiscover, { 93: Uint8Array.of(7) }))).toThrow(MalformedPacketError)
  })
})
