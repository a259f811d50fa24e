import { readFile } from 'node:fs/promises'
import { edgeSockets, nameSocket } from './edge-sockets.ts'
import { type Finding, ok, problem } from './finding.ts'
import { findOwners, listOpenSockets, type PortOwner } from './port-owners.ts'

const netBindService = 10

/** Ports that somebody else holds, by whom. */
export async function checkPorts(isOurs: (owner: PortOwner) => boolean): Promise<Finding[]> {
  const open = { udp: await listOpenSockets('udp'), tcp: await listOpenSockets('tcp') }
  const taken = edgeSockets.flatMap((socket) =>
    open[socket.protocol].filter(({ port }) => port === socket.port).map((found) => ({ socket, found })),
  )
  const owners = await findOwners(new Set(taken.map(({ found }) => found.inode)))
  const findings = new Map<string, Finding>()
  for (const { socket, found } of taken) {
    const owner = owners.get(found.inode)
    if (owner && isOurs(owner)) continue
    const by = owner
      ? `${owner.name} (process ${owner.pid})`
      : 'a program that this user may not see (run it as root)'
    const name = nameSocket(socket)
    findings.set(
      `${name} ${by}`,
      problem('ports', `${name} is taken by ${by} on ${found.address}.`, remedyFor(owner)),
    )
  }
  if (findings.size > 0) return [...findings.values()]
  return [ok('ports', 'No other program holds a port that the edge needs.')]
}

/** Services that come with distributions, and what stops them. */
const knownServices: Record<string, string> = {
  dnsmasq: 'dnsmasq',
  dhcpd: 'isc-dhcp-server',
  'kea-dhcp4': 'kea-dhcp4-server',
  'in.tftpd': 'tftpd-hpa',
  atftpd: 'atftpd',
  nginx: 'nginx',
}

function remedyFor(owner: PortOwner | undefined): string {
  const service = owner && knownServices[owner.name]
  if (service)
    return `Stop it with "systemctl disable --now ${service}", or configure it to leave the port alone.`
  return owner
    ? `End process ${owner.pid}, or move it to another port.`
    : 'Find the program with "sudo ss -lunpt" and end it, or move it to another port.'
}

/** Whether this process may open ports below 1024. */
export async function checkPrivilege(): Promise<Finding> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '')
  const first = await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8').catch(() => '1024')
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`)
  const hasCapability = ((effective >> BigInt(netBindService)) & 1n) === 1n
  if (hasCapability || Number(first) <= 67) return ok('privilege', 'It may open the low ports (67, 69).')
  return problem(
    'privilege',
    'This user may not open the low ports that DHCP and TFTP need (67, 69).',
    'Set it up as a service with "sudo dragonfly-edge install", or run it as root.',
  )
}
