import { findDhcpProblems, recommendInterfaceMode } from '@dragonfly/schema/state'
import type { HostInterface } from '@dragonfly/schema/wire'
import { openNodeUdpSocket } from '../../io/node-udp-socket.ts'
import { canListenOn, listenForDhcp } from '../dhcp-listening.ts'
import { type Finding, ok, warning } from './finding.ts'

const listenMs = 6_000

/** Who hands out addresses on each LAN; `fullModeOn`: where this edge does it itself. */
export async function checkDhcp(
  all: readonly HostInterface[],
  fullModeOn: readonly string[],
): Promise<Finding[]> {
  const heard = await listenForDhcp(
    {
      openUdpSocket: openNodeUdpSocket,
      ownAddresses: all.flatMap(({ address }) => address ?? []),
      now: Date.now,
      random: Math.random,
      listenMs,
    },
    all.filter(canListenOn),
  )
  return heard.flatMap((entry): Finding[] => {
    const { name } = entry
    if (entry.failure !== null)
      return [
        warning(
          'dhcp',
          `Could not listen for DHCP servers on ${name}: ${entry.failure}`,
          'Run "sudo dragonfly-edge doctor", or start the edge: it is asked then.',
        ),
      ]
    const found = findDhcpProblems(name, entry).map(({ message }) => {
      const [said = message, ...rest] = message.split('. ')
      return warning('dhcp', `${said}.`, rest.join('. '))
    })
    if (found.length > 0) return found
    if (entry.servers.length === 0 && !fullModeOn.includes(name))
      return [
        warning(
          'dhcp',
          `Nobody hands out addresses on ${name}.`,
          `Switch ${name} to full DHCP in the portal, or check the cable if a DHCP server should be there.`,
        ),
      ]
    if (entry.servers.length === 0) return [ok('dhcp', `${name}: only this edge hands out addresses.`)]
    return [ok('dhcp', `${name}: ${recommendInterfaceMode(entry).sentence}`)]
  })
}
