import { describe, expect, it } from 'vitest'
import { dhcpScenes, goldenFile, readDhcpScene } from '../../../test/dhcp-fixtures.ts'
import { expectGolden } from '../../../test/golden.ts'
import { fromLatin1 } from '../byte-writer.ts'
import { renderHex } from '../hex.ts'
import { MalformedPacketError } from '../malformed-packet-error.ts'
import { renderDhcpPacket } from './dump.ts'
import { dhcpOptions, readOption } from './options.ts'
import { type DhcpPacket, decodeDhcpPacket, encodeDhcpPacket } from './packet.ts'

const discover = readDhcpScene('uefi-pxe')[0]?.bytes ?? new Uint8Array()

function withoutPadding(bytes: Uint8Array): string {
  return renderHex(bytes).replace(/(00)+$/, '')
}

function packetWith(options: [number, Uint8Array][]): DhcpPacket {
  return { ...decodeDhcpPacket(discover), options: new Map(options) }
}

describe.each(dhcpScenes())('the captured scene %s', (scene) => {
  const packets = readDhcpScene(scene)

  it('decodes to its committed dump', () => {
    const dump = packets
      .map(
        ({ from, to, bytes }) =>
          `${from.address}:${from.port} -> ${to.address}:${to.port}\n${renderDhcpPacket(decodeDhcpPacket(bytes))}\n`,
      )
      .join('\n')
    expectGolden(goldenFile(scene, 'dump'), dump)
  })

  it('is written back byte for byte, but for padding', () => {
    for (const { bytes } of packets) {
      expect(withoutPadding(encodeDhcpPacket(decodeDhcpPacket(bytes)))).toBe(withoutPadding(bytes))
    }
  })

  it('cut short at any length, decodes or is called malformed', () => {
    for (const { bytes } of packets) {
      for (let length = 0; length < bytes.length; length++) {
        try {
          decodeDhcpPacket(bytes.subarray(0, length))
          expect(length).toBeGreaterThanOrEqual(240)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedPacketError)
        }
      }
    }
  })
})

describe('a DHCP packet', () => {
  it('is at least 300 bytes long', () => {
    expect(encodeDhcpPacket(packetWith([[53, Uint8Array.of(2)]]))).toHaveLength(300)
  })

  it('carries an option of more than 255 bytes in parts, and joins it again', () => {
    const long = Uint8Array.from({ length: 700 }, (_, index) => index % 251)
    const encoded = encodeDhcpPacket(packetWith([[43, long]]))
    expect([...encoded.subarray(240, 242)]).toEqual([43, 255])
    expect(decodeDhcpPacket(encoded).options.get(43)).toEqual(long)
  })

  it('keeps an empty option', () => {
    const encoded = encodeDhcpPacket(packetWith([[97, new Uint8Array()]]))
    expect(decodeDhcpPacket(encoded).options.get(97)).toEqual(new Uint8Array())
  })

  it('has relay information last, whatever came first', () => {
    const encoded = encodeDhcpPacket(
      packetWith([
        [82, Uint8Array.of(1, 1, 7)],
        [53, Uint8Array.of(2)],
      ]),
    )
    expect([...encoded.subarray(240, 249)]).toEqual([53, 1, 2, 82, 3, 1, 1, 7, 255])
  })

  it('reads options from file and sname where option 52 says so, in that order', () => {
    const encoded = encodeDhcpPacket(
      packetWith([
        [52, Uint8Array.of(3)],
        [67, fromLatin1('a')],
      ]),
    )
    encoded.set([67, 1, 0x62, 255], 108)
    encoded.set([67, 1, 0x63, 12, 1, 0x68, 255], 44)
    const decoded = decodeDhcpPacket(encoded)
    expect(readOption(decoded.options, dhcpOptions.bootFileName)).toBe('abc')
    expect(readOption(decoded.options, dhcpOptions.hostName)).toBe('h')
    expect([decoded.serverName, decoded.bootFile]).toEqual(['', ''])
  })

  it.each([
    ['a wrong magic cookie', 236, 0],
    ['a hardware address of 17 bytes', 2, 17],
  ])('with %s is malformed', (_, offset, value) => {
    const bytes = discover.slice()
    bytes[offset] = value
    expect(() => decodeDhcpPacket(bytes)).toThrow(MalformedPacketError)
  })

  it('tells a broken option from a missing one', () => {
    const packet = packetWith([[54, Uint8Array.of(10, 0, 0)]])
    expect(() => readOption(packet.options, dhcpOptions.serverIdentifier)).toThrow(MalformedPacketError)
    expect(readOption(packet.options, dhcpOptions.requestedAddress)).toBeUndefined()
  })

  it('survives random bytes behind a valid header', () => {
    let seed = 12345
    const random = () => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0
      return seed >>> 24
    }
    for (let round = 0; round < 2000; round++) {
      const bytes = new Uint8Array(240 + (round % 120))
      bytes.set(discover.subarray(0, 240))
      for (let index = 240; index < bytes.length; index++) bytes[index] = random()
      try {
        renderDhcpPacket(decodeDhcpPacket(bytes))
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedPacketError)
      }
    }
  })
})
