import type { HostInterface, InterfaceDhcp } from '@dragonfly/schema/wire'
import { decodeDhcpPacket, encodeDhcpPacket } from '../codec/dhcp/packet.ts'
import { anyAddress, type Ipv4, limitedBroadcast } from '../codec/ipv4.ts'
import { MalformedPacketError } from '../codec/malformed-packet-error.ts'
import type { OpenUdpSocket, UdpEndpoint, UdpSocket } from '../ports/udp.ts'
import { addServer, buildProbes, type ProbeTransactions, readOffer } from '../protocol/dhcp-probe.ts'

export interface DhcpListening {
  openUdpSocket: OpenUdpSocket
  /** All of this host's: what it answers itself is not news. */
  ownAddresses: readonly Ipv4[]
  now: () => number
  random: () => number
  ports?: { dhcpServer: number; dhcpClient: number }
  /** Long enough for a server that pings an address before it offers it (dnsmasq: 3 s). */
  listenMs?: number
}

type ListeningInterface = HostInterface & { address: string }

const realPorts = { dhcpServer: 67, dhcpClient: 68 }
const listenDefaultMs = 6_000
/** What got lost the first time is asked for once more. */
const repeats = 2

export function canListenOn(entry: HostInterface): entry is ListeningInterface {
  return entry.address !== null && entry.up
}

/** Asks on every interface at once; which one an answer belongs to is told by its transaction. */
export async function listenForDhcp(
  options: DhcpListening,
  interfaces: readonly ListeningInterface[],
): Promise<InterfaceDhcp[]> {
  const { random, now, ownAddresses, ports = realPorts } = options
  const found = interfaces.map((entry) => ({
    entry,
    transactions: { plain: randomUint32(random), pxe: randomUint32(random) },
    servers: [] as InterfaceDhcp['servers'],
    failure: null as string | null,
  }))
  const take = (bytes: Uint8Array, from: UdpEndpoint): void => {
    try {
      const packet = decodeDhcpPacket(bytes)
      const asked = found.find(({ transactions }) =>
        Object.values(transactions).includes(packet.transactionId),
      )
      const server = asked && readOffer(packet, from.address, ownAddresses)
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
    for (const asking of found) asking.failure = explainFailure(error, ports.dhcpClient)
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
  { openUdpSocket, ports = realPorts }: DhcpListening,
  packet: (bytes: Uint8Array, from: UdpEndpoint) => void,
): Promise<UdpSocket> {
  return openUdpSocket(
    { address: anyAddress, port: ports.dhcpClient, shared: true },
    { packet, error: () => undefined },
  )
}

/** Sends the probes and waits for answers; gives why they could not be sent, or null. */
async function askOn(
  { openUdpSocket, ports = realPorts, listenMs = listenDefaultMs }: DhcpListening,
  entry: ListeningInterface,
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
