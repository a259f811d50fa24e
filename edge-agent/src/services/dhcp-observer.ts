import { findDhcpProblems } from '@dragonfly/schema/state'
import type { HostInterface, InterfaceDhcp, SiteEvent } from '@dragonfly/schema/wire'
import { decodeDhcpPacket, encodeDhcpPacket } from '../codec/dhcp/packet.ts'
import { anyAddress, limitedBroadcast } from '../codec/ipv4.ts'
import { MalformedPacketError } from '../codec/malformed-packet-error.ts'
import type { OpenUdpSocket, UdpEndpoint, UdpSocket } from '../ports/udp.ts'
import { addServer, buildProbes, type ProbeTransactions, readOffer } from '../protocol/dhcp-probe.ts'
import type { Problems } from './problems.ts'

export interface DhcpObserver {
  /** Listens on all interfaces that have an address, and tells what was heard. A round under way counts as this one. */
  observeAll(): Promise<void>
  /** The same, on those that the edge serves. */
  observeServed(): Promise<void>
}

export interface DhcpObserverOptions {
  openUdpSocket: OpenUdpSocket
  hostInterfaces: () => readonly HostInterface[]
  /** Names of the interfaces that are switched on. */
  served: () => readonly string[]
  now: () => number
  random: () => number
  report: (event: SiteEvent) => Promise<void>
  problems: Pick<Problems, 'raise' | 'clear'>
  ports: { dhcpServer: number; dhcpClient: number }
  /** Long enough for a server that pings an address before it offers it (dnsmasq: 3 s). */
  listenMs?: number
}

type ObservableInterface = HostInterface & { address: string }

const mostInterfaces = 16
const listenDefaultMs = 6_000
/** What got lost the first time is asked for once more. */
const repeats = 2

export function createDhcpObserver(options: DhcpObserverOptions): DhcpObserver {
  let all: Promise<void> | null = null
  let last: Promise<void> = Promise.resolve()
  const inTurn = (run: () => Promise<void>): Promise<void> => {
    last = last.catch(() => undefined).then(run)
    return last
  }
  return {
    observeAll: () => {
      all ??= inTurn(() => runRound(options, () => true)).finally(() => {
        all = null
      })
      return all
    },
    observeServed: () =>
      inTurn(async () => {
        const served = options.served()
        await runRound(options, (entry) => served.includes(entry.name))
        // Of those that are switched off nobody will hear when it is over.
        for (const { name } of options.hostInterfaces())
          if (!served.includes(name)) await options.problems.clear(aboutDhcpOn(name))
      }),
  }
}

async function runRound(
  options: DhcpObserverOptions,
  chosen: (entry: HostInterface) => boolean,
): Promise<void> {
  const interfaces = options.hostInterfaces().filter(hasAddress).filter(chosen).slice(0, mostInterfaces)
  if (interfaces.length === 0) return
  const observed = await listen(options, interfaces)
  for (const entry of observed) await tellProblems(options.problems, entry)
  await options.report({ type: 'edge.dhcp', interfaces: observed })
}

function aboutDhcpOn(name: string): string {
  return `DHCP on ${name}`
}

function hasAddress(entry: HostInterface): entry is ObservableInterface {
  return entry.address !== null && entry.up
}

async function tellProblems(problems: DhcpObserverOptions['problems'], entry: InterfaceDhcp): Promise<void> {
  // Nothing heard for lack of a socket says nothing about the LAN.
  if (entry.failure !== null) return
  const about = aboutDhcpOn(entry.name)
  const found = findDhcpProblems(entry.name, entry)
  for (const problem of ['dhcp-two-servers', 'dhcp-rogue-pxe'] as const) {
    const messages = found.filter((one) => one.problem === problem).map(({ message }) => message)
    if (messages.length > 0) await problems.raise(problem, about, messages.join(' '))
    else await problems.clear(about, problem)
  }
}

/** Asks on every interface at once; which one an answer belongs to is told by its transaction. */
async function listen(
  options: DhcpObserverOptions,
  interfaces: readonly ObservableInterface[],
): Promise<InterfaceDhcp[]> {
  const { random, now } = options
  const found = interfaces.map((entry) => ({
    entry,
    transactions: { plain: randomUint32(random), pxe: randomUint32(random) },
    servers: [] as InterfaceDhcp['servers'],
    failure: null as string | null,
  }))
  const own = options.hostInterfaces().flatMap(({ address }) => address ?? [])
  const take = (bytes: Uint8Array, from: UdpEndpoint): void => {
    try {
      const packet = decodeDhcpPacket(bytes)
      const asked = found.find(({ transactions }) => Object.values(transactions).includes(packet.transactionId))
      const server = asked && readOffer(packet, from.address, own)
      if (server) asked.servers = addServer(asked.servers, server)
    } catch (error) {
      if (!(error instanceof MalformedPacketError)) throw error
    }
  }
  let ear: UdpSocket | null = null
  try {
    ear = await openEar(options, take)
    await Promise.all(
      found.map(async (asking) => {
        asking.failure = await askOn(options, asking.entry, asking.transactions)
      }),
    )
  } catch (error) {
    for (const asking of found) asking.failure = explainFailure(error, options.ports.dhcpClient)
  } finally {
    ear?.close()
  }
  return found.map(({ entry, servers, failure }) => ({
    name: entry.name,
    servers,
    failure,
    listenedAt: now(),
  }))
}

/** It alone hears broadcasts. Shared, and only open for a round: the host may have a DHCP client of its own. */
function openEar(
  { openUdpSocket, ports }: DhcpObserverOptions,
  packet: (bytes: Uint8Array, from: UdpEndpoint) => void,
): Promise<UdpSocket> {
  return openUdpSocket(
    { address: anyAddress, port: ports.dhcpClient, shared: true },
    { packet, error: () => undefined },
  )
}

/** Sends the probes and waits for answers; gives why they could not be sent, or null. */
async function askOn(
  { openUdpSocket, ports, listenMs = listenDefaultMs }: DhcpObserverOptions,
  entry: ObservableInterface,
  transactions: ProbeTransactions,
): Promise<string | null> {
  let failure: unknown = null
  const fail = (error: unknown): void => {
    failure = error
  }
  // Any port of its own: answers go to the client's port, and a DHCP client's own socket keeps what is meant for it.
  const mouth = await openUdpSocket(
    { address: entry.address, port: 0, broadcast: true },
    { packet: () => undefined, error: fail },
  ).catch(fail)
  if (!mouth) return explainFailure(failure, ports.dhcpClient)
  const to = { address: limitedBroadcast, port: ports.dhcpServer }
  try {
    for (let time = 0; time < repeats; time++) {
      for (const probe of buildProbes(entry.mac, transactions)) mouth.send([encodeDhcpPacket(probe)], to)
      await new Promise((resolve) => setTimeout(resolve, listenMs / repeats))
    }
  } finally {
    mouth.close()
  }
  return failure === null ? null : explainFailure(failure, ports.dhcpClient)
}

function randomUint32(random: () => number): number {
  return Math.floor(random() * 2 ** 32) >>> 0
}

function explainFailure(error: unknown, port: number): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `This process may not open UDP port ${port}. Run the edge as root, or allow its Node: sudo setcap cap_net_bind_service=+ep "${process.execPath}"`
    case 'EADDRINUSE':
      return `Another program on this host keeps UDP port ${port} to itself. Find it with "ss -lunp".`
    default:
      return error instanceof Error ? `${error.message}.` : String(error)
  }
}
