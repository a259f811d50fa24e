import { findDhcpProblems, recommendInterfaceMode } from '@dragonfly/schema/state'
import { listHostInterfaces } from '../io/host-interfaces.ts'
import { openNodeUdpSocket } from '../io/node-udp-socket.ts'
import { canListenOn, listenForDhcp } from './dhcp-listening.ts'

/** `dragonfly-edge dhcp`: who hands out addresses on this host's LANs. Gives the exit code. */
export async function printDhcpServers(asJson: boolean, say: (text: string) => void): Promise<number> {
  const all = await listHostInterfaces()
  const heard = await listenForDhcp(
    {
      openUdpSocket: openNodeUdpSocket,
      ownAddresses: all.flatMap(({ address }) => address ?? []),
      now: Date.now,
      random: Math.random,
    },
    all.filter(canListenOn),
  )
  if (asJson) say(JSON.stringify(heard, null, 2))
  else if (heard.length === 0) say('No interface is up and has an IPv4 address.')
  else
    for (const entry of heard) {
      say(`${entry.name}: ${recommendInterfaceMode(entry).sentence}`)
      for (const { message } of findDhcpProblems(entry.name, entry)) say(`  ${message}`)
    }
  return heard.some(({ failure }) => failure !== null) ? 1 : 0
}
