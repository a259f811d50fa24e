import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import foreignDhcp from 'dhcp/lib/protocol.js'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  type BootResponderProcess,
  freeBootPorts,
  startBootResponder,
} from '../../../test/boot-responder-process.ts'
import { bootView } from '../../../test/boot-view.ts'
import { dhcpScenes, readDhcpScene } from '../../../test/dhcp-fixtures.ts'
import { seed, seededRandom } from '../../../test/random.ts'
import { dhcpOptions, readOption } from '../../codec/dhcp/options.ts'
import { type DhcpPacket, decodeDhcpPacket, encodeDhcpPacket, messageTypes } from '../../codec/dhcp/packet.ts'
import { encodeIpv4 } from '../../codec/ipv4.ts'
import { encodeMac } from '../../codec/mac.ts'
import type { BootView } from '../../protocol/boot-view.ts'
import type { BootPorts } from './context.ts'

// The real process, asked by a relay: loopback has no broadcasts.

const relayAddress = '127.0.0.2'
const full: BootView['interfaces'] = [
  {
    name: 'lo',
    address: '127.0.0.1',
    prefixLength: 8,
    mode: 'full',
    dhcp: {
      firstAddress: '127.0.5.1',
      lastAddress: '127.0.5.3',
      gateway: null,
      dnsServers: ['127.0.0.9'],
      ntpServers: [],
      domain: null,
      leaseSeconds: 600,
      clients: 'everyone',
      relayed: [],
    },
  },
]

let folder: string
let ports: BootPorts
let responder: BootResponderProcess
let relay: Socket

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dragonfly-leasing-'))
  ports = await freeBootPorts()
  await start()
  relay = createSocket({ type: 'udp4', reuseAddr: true })
  relay.bind(ports.dhcpServer, relayAddress)
  await once(relay, 'listening')
})

afterEach(async () => {
  relay.close()
  await responder.kill('SIGKILL')
  rmSync(folder, { recursive: true, maxRetries: 10, retryDelay: 100 })
})

async function start(view: Partial<BootView> = {}): Promise<void> {
  responder = startBootResponder(join(folder, 'view.json'), ports)
  await take({ interfaces: full, ...view })
}

async function take(changes: Partial<BootView>): Promise<void> {
  const view = bootView(changes)
  responder.send({ type: 'view', view })
  await responder.next('ready', ({ version }) => version === view.version)
}

type Options = (readonly [number, Uint8Array])[]

function packet(type: keyof typeof messageTypes, last: number, options: Options = []): DhcpPacket {
  const base = decodeDhcpPacket(readDhcpScene('bios-pxe')[0]?.bytes ?? new Uint8Array())
  return {
    ...base,
    transactionId: last * 256 + messageTypes[type],
    relayAddress,
    clientHardware: Uint8Array.of(
      ...encodeMac('52:54:00:00:00:00').subarray(0, 5),
      last,
      ...new Array(10).fill(0),
    ),
    options: new Map([[53, Uint8Array.of(messageTypes[type])], ...options]),
  }
}

async function ask(question: DhcpPacket): Promise<DhcpPacket> {
  relay.send(encodeDhcpPacket(question), ports.dhcpServer, '127.0.0.1')
  for (;;) {
    const [bytes] = (await once(relay, 'message')) as [Uint8Array]
    const answer = decodeDhcpPacket(bytes)
    if (answer.transactionId === question.transactionId) return answer
  }
}

function requestFor(address: string, last: number): DhcpPacket {
  return packet('request', last, [
    [54, encodeIpv4('127.0.0.1')],
    [50, encodeIpv4(address)],
  ])
}

async function bind(last: number): Promise<string> {
  const offer = await ask(packet('discover', last))
  return (await ask(requestFor(offer.yourAddress, last))).yourAddress
}

it('gives addresses, tells of them, and has not forgotten them when it was killed', async () => {
  const [one, two] = [await bind(1), await bind(2)]
  expect(one).not.toBe(two)
  const { leases } = await responder.next('leases', (said) =>
    said.leases.some(({ address }) => address === two),
  )
  expect(leases.find(({ address }) => address === two)).toMatchObject({
    interface: 'lo',
    mac: '52:54:00:00:00:02',
  })
  await responder.kill('SIGKILL')
  await start({ generation: 'g2' })
  const told = await responder.next('leases')
  expect(told.leases.map(({ address }) => address).sort()).toEqual([one, two].sort())
  // Somebody else is refused it, its holder is not.
  expect(readOption((await ask(requestFor(one, 3))).options, dhcpOptions.messageType)).toBe(messageTypes.nak)
  expect((await ask(requestFor(one, 1))).yourAddress).toBe(one)
}, 20_000)

it('says that it has no more addresses', async () => {
  for (const last of [1, 2, 3]) await bind(last)
  relay.send(encodeDhcpPacket(packet('discover', 4)), ports.dhcpServer, '127.0.0.1')
  expect(await responder.next('problem')).toMatchObject({
    problem: 'addresses-exhausted',
    message: expect.stringContaining('Make the range larger'),
  })
}, 20_000)

it('changes between giving addresses and leaving them to others without a restart', async () => {
  await bind(1)
  await take({ version: 2, interfaces: [{ name: 'lo', address: '127.0.0.1', mode: 'proxy' }] })
  const boot = { ...decodeDhcpPacket(readDhcpScene('uefi-pxe')[0]?.bytes ?? new Uint8Array()), relayAddress }
  expect((await ask(boot)).yourAddress).toBe('0.0.0.0')
  await take({ version: 3, interfaces: full })
  expect((await ask({ ...boot, transactionId: 77 })).yourAddress).toMatch(/^127\.0\.5\./)
}, 20_000)

it('is read by the npm package dhcp as we mean it', async () => {
  const offer = await ask(packet('discover', 9))
  const read = foreignDhcp.parse(Buffer.from(encodeDhcpPacket(offer)))
  expect(read).toMatchObject({ op: 2, yiaddr: offer.yourAddress, giaddr: relayAddress })
  expect(read.options).toMatchObject({
    1: '255.0.0.0',
    6: ['127.0.0.9'],
    51: 600,
    53: 2,
    54: '127.0.0.1',
    58: 300,
    59: 525,
  })
}, 20_000)

it('answers on after 100,000 packets that were broken on their way', async () => {
  const originals = dhcpScenes()
    .flatMap((scene) => readDhcpScene(scene))
    .map(({ bytes }) => bytes)
  const random = seededRandom(seed)
  const rounds = 500
  const ended = once(responder.child, 'exit')
  for (let round = 0; round < rounds; round++) {
    for (let at = 0; at < 200; at++) {
      const bytes = mutate(originals[Math.floor(random() * originals.length)] ?? new Uint8Array(), random)
      relay.send(bytes, at % 4 === 0 ? ports.bootServer : ports.dhcpServer, '127.0.0.1')
    }
    const inform = {
      ...packet('inform', 200),
      transactionId: 0x7000_0000 + round,
      clientAddress: '127.0.0.7',
    }
    const answered = await Promise.race([ask(inform), ended])
    expect(answered, `seed ${seed}`).toMatchObject({ op: 2 })
  }
  const { counters } = await responder.next('stats', (said) => countOf(said.counters, 'malformed') > 0)
  expect(countOf(counters, 'malformed')).toBeGreaterThan(1000)
}, 120_000)

function countOf(counters: Record<string, number>, outcome: string): number {
  return Object.entries(counters)
    .filter(([name]) => name.includes(`outcome="${outcome}"`))
    .reduce((sum, [, count]) => sum + count, 0)
}

/** Some bytes changed, cut off, repeated, or set to what hurts most. */
function mutate(original: Uint8Array, random: () => number): Uint8Array {
  const bytes = Uint8Array.from(original)
  const pick = (below: number) => Math.floor(random() * below)
  for (let change = pick(8); change >= 0; change--) {
    // The options begin at byte 240: half of the changes go there.
    const at =
      random() < 0.5
        ? pick(bytes.length)
        : Math.min(240, bytes.length - 1) + pick(Math.max(1, bytes.length - 240))
    bytes[at] = [0, 1, 255, 53, 82, 93, 128, pick(256)][pick(8)] ?? 0
  }
  return random() < 0.3 ? bytes.subarray(0, pick(bytes.length)) : bytes
}
