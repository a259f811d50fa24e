import { describe, expect, it } from 'vitest'
import { indexedBootView } from '../../test/boot-view.ts'
import { dhcpScenes, readDhcpScene } from '../../test/dhcp-fixtures.ts'
import { seededRandom } from '../../test/random.ts'
import { decodeDhcpPacket, encodeDhcpPacket } from '../codec/dhcp/packet.ts'
import { createKnownOffers, type HeardDiscover, type KnownOffers } from './known-offers.ts'
import { decideProxyDhcp } from './proxy-dhcp.ts'

const ports = { dhcpServer: 67, dhcpClient: 68, bootHttp: 6870 }
const index = indexedBootView()
const serverAddress = '10.77.0.2'

function hear(bytes: Uint8Array, changes: Partial<HeardDiscover> = {}): HeardDiscover {
  return { bytes, from: '0.0.0.0', serverAddress, index, ...changes }
}

/** The answer as it is decided, or undefined where there is none; a malformed packet has none. */
function decide(heard: HeardDiscover, offers?: KnownOffers) {
  try {
    const packet = decodeDhcpPacket(heard.bytes)
    const received = {
      service: 'dhcp',
      from: { address: heard.from, port: 68 },
      serverAddress: heard.serverAddress,
    } as const
    const decision = decideProxyDhcp(packet, received, heard.index, ports, 0)
    if (decision.kind !== 'reply') return undefined
    const bytes = encodeDhcpPacket(decision.packet)
    offers?.learn(heard, packet, decision, bytes)
    return { bytes, to: decision.to, bootFile: decision.bootFile, seen: decision.seen }
  } catch {
    return undefined
  }
}

function found(offers: KnownOffers, heard: HeardDiscover) {
  const offer = offers.find(heard)
  if (!offer) return undefined
  const { readSeen, ...rest } = offer
  return { ...rest, seen: readSeen() }
}

const discovers = dhcpScenes()
  .flatMap((scene) => readDhcpScene(scene).map(({ bytes }) => bytes))
  .filter((bytes) => decide(hear(bytes)) !== undefined)
const uefi = readDhcpScene('uefi-pxe')[0]?.bytes ?? new Uint8Array()

/** Another machine of the same make, in another transaction. */
function another(discover: Uint8Array, random: () => number): Uint8Array {
  const bytes = Buffer.from(discover)
  bytes.writeUInt32BE(Math.floor(random() * 2 ** 32), 4)
  bytes.writeUInt16BE(Math.floor(random() * 600), 8)
  bytes.writeUIntBE(Math.floor(random() * 2 ** 24), 31, 3)
  const uuid = bytes.indexOf(Buffer.of(97, 17, 0), 240)
  if (uuid > 0) for (let at = 3; at < 19; at++) bytes[uuid + at] = Math.floor(random() * 256)
  return bytes
}

describe('an offer that is known', () => {
  it('answers another machine of the same make as it would have been decided', () => {
    const random = seededRandom(1)
    const offers = createKnownOffers()
    const first = decide(hear(uefi), offers)
    expect(first).toBeDefined()
    for (let machine = 0; machine < 50; machine++) {
      const heard = hear(another(uefi, random))
      const offer = found(offers, heard)
      expect(offer).toEqual(decide(heard))
      expect(offer?.seen.client.machineUuid).not.toBe(first?.seen.client.machineUuid)
    }
  })

  it('keeps what it gave for one machine apart from what it gives for the next', () => {
    const random = seededRandom(2)
    const offers = createKnownOffers()
    decide(hear(uefi), offers)
    const heard = Array.from({ length: 500 }, () => hear(another(uefi, random)))
    const given = heard.map((one) => offers.find(one)?.bytes)
    expect(given).toEqual(heard.map((one) => decide(one)?.bytes))
  })

  it('is never another than what would be decided, whatever changes in the packets of real firmware', () => {
    const random = seededRandom(3)
    const offers = createKnownOffers()
    const froms = ['0.0.0.0', '127.0.0.1']
    let known = 0
    for (let round = 0; round < 5000; round++) {
      const original = discovers[Math.floor(random() * discovers.length)] ?? uefi
      const bytes = Buffer.from(random() < 0.7 ? another(original, random) : original)
      for (let change = Math.floor(random() * 3); change > 0; change--) {
        const at = Math.floor(random() * bytes.length)
        bytes[at] = [0, 1, 17, 52, 61, 97, 255, Math.floor(random() * 256)][Math.floor(random() * 8)] ?? 0
      }
      const heard = hear(random() < 0.05 ? bytes.subarray(0, 240 + Math.floor(random() * 100)) : bytes, {
        from: froms[Math.floor(random() * froms.length)] ?? '',
      })
      const offer = found(offers, heard)
      if (offer) known += 1
      if (offer) expect(offer).toEqual(decide(heard))
      else decide(heard, offers)
    }
    expect(known).toBeGreaterThan(200)
  })

  it('is forgotten with the view', () => {
    const offers = createKnownOffers()
    decide(hear(uefi), offers)
    expect(offers.find(hear(uefi))).toBeDefined()
    expect(offers.find(hear(uefi, { index: indexedBootView({ bundleReady: false }) }))).toBeUndefined()
  })

  it('is none for another of our addresses, nor for a Raspberry Pi', () => {
    const offers = createKnownOffers()
    decide(hear(uefi), offers)
    expect(offers.find(hear(uefi, { serverAddress: '10.78.0.2' }))).toBeUndefined()
    const pi = Buffer.from(uefi)
    Buffer.from('b827eb', 'hex').copy(pi, 28)
    expect(offers.find(hear(pi))).toBeUndefined()
  })

  it('is none where unknown machines get no answer', () => {
    const ignoring = indexedBootView({ unknownMachines: 'ignore', discoveredMacs: [] })
    const mac = Array.from(uefi.subarray(28, 34), (byte) => byte.toString(16).padStart(2, '0')).join(':')
    const knowing = indexedBootView({ unknownMachines: 'ignore', discoveredMacs: [mac] })
    const offers = createKnownOffers()
    expect(decide(hear(uefi, { index: ignoring }), offers)).toBeUndefined()
    expect(decide(hear(uefi, { index: knowing }), offers)).toBeDefined()
    expect(offers.find(hear(another(uefi, seededRandom(4)), { index: knowing }))).toBeUndefined()
  })
})
