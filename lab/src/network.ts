import { createHash } from 'node:crypto'
import { networkInterfaces } from 'node:os'
import { runCommand, tryCommand } from './command.ts'
import { type LabState, namespaceName } from './state.ts'

/** `lan` holds the bridge, the taps and QEMU; the other two are hosts on that LAN. */
export const labHosts = ['lan', 'customer', 'edge'] as const
export type LabHost = (typeof labHosts)[number]

/** The customer's LAN, the same in every lab: it exists only inside the lab's namespaces. */
export const lan = {
  customer: '10.77.0.1',
  edge: '10.77.0.2',
  prefixLength: 24,
  leaseFirst: '10.77.0.100',
  leaseLast: '10.77.0.199',
  /** Last byte of the first BMC's address, and how many there can be. */
  bmcFirst: 11,
  bmcCount: 89,
  ipv6Prefix: 'fd00:77::',
}

/** A point-to-point link between this host's own namespace (the control plane's) and the edge. */
export interface Uplink {
  /** This host's address: a control plane bound to it, or to 0.0.0.0, is reachable from the edge. */
  hostAddress: string
  edgeAddress: string
}

function uplinkDevice(state: LabState): string {
  return `dfly${createHash('sha256').update(`${state.id}/${state.name}`).digest('hex').slice(0, 8)}`
}

/** The first /30 of 10.77.255.0/24 that no interface of this host uses: several labs can be up. */
function chooseUplink(usedAddresses: readonly string[]): Uplink {
  for (let base = 0; base < 256; base += 4) {
    const hostAddress = `10.77.255.${base + 1}`
    if (!usedAddresses.includes(hostAddress)) return { hostAddress, edgeAddress: `10.77.255.${base + 2}` }
  }
  throw new Error('64 labs are up already: take one down with "npm run lab -- down --name NAME".')
}

function addressesOfHost(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map((entry) => entry.address))
}

async function ipBatch(lines: readonly string[]): Promise<void> {
  await runCommand(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` })
}

async function ipBatchIn(namespace: string, lines: readonly string[]): Promise<void> {
  await runCommand(['ip', '-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` })
}

/**
 * Makes the namespaces, the bridge and the links. Nothing is routed: no namespace has a default route,
 * and forwarding is off in each.
 */
export async function createNetwork(state: LabState): Promise<Uplink> {
  const [lanNs, customerNs, edgeNs] = labHosts.map((host) => namespaceName(state, host)) as [
    string,
    string,
    string,
  ]
  const uplink = chooseUplink(addressesOfHost())
  const device = uplinkDevice(state)
  await ipBatch([
    ...[lanNs, customerNs, edgeNs].map((namespace) => `netns add ${namespace}`),
    `link add p-customer netns ${lanNs} type veth peer name eth0 netns ${customerNs}`,
    `link add p-edge netns ${lanNs} type veth peer name eth0 netns ${edgeNs}`,
    `link add ${device} type veth peer name uplink0 netns ${edgeNs}`,
    `addr add ${uplink.hostAddress}/30 dev ${device}`,
    `link set ${device} up`,
  ])
  await ipBatchIn(lanNs, [
    'link set lo up',
    'link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0',
    'link set br0 up',
    'link set p-customer master br0 up',
    'link set p-edge master br0 up',
  ])
  await ipBatchIn(customerNs, [
    'link set lo up',
    'link set eth0 up',
    `addr add ${lan.customer}/${lan.prefixLength} dev eth0`,
    `addr add ${lan.ipv6Prefix}1/64 dev eth0 nodad`,
  ])
  await ipBatchIn(edgeNs, [
    'link set lo up',
    'link set eth0 up',
    `addr add ${lan.edge}/${lan.prefixLength} dev eth0`,
    // Without a default route a limited broadcast would have no way out.
    'route add 255.255.255.255 dev eth0',
    'link set uplink0 up',
    `addr add ${uplink.edgeAddress}/30 dev uplink0`,
  ])
  for (const namespace of [lanNs, customerNs, edgeNs]) {
    await runCommand(['ip', 'netns', 'exec', namespace, 'sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward'])
  }
  return uplink
}

/** Adds a port for one NIC of a machine to the LAN. */
export async function addTap(state: LabState, tap: string): Promise<void> {
  const namespace = namespaceName(state, 'lan')
  // `ip tuntap` works on the namespace it runs in, not on -n's.
  await runCommand(['ip', 'netns', 'exec', namespace, 'ip', 'tuntap', 'add', 'dev', tap, 'mode', 'tap'])
  await ipBatchIn(namespace, [`link set ${tap} master br0 up`])
}

/** Plugs or unplugs the cable of a machine's NIC, as a switch port that goes down would. */
export async function setTapLink(state: LabState, tap: string, isUp: boolean): Promise<void> {
  await runCommand(['ip', '-n', namespaceName(state, 'lan'), 'link', 'set', tap, isUp ? 'up' : 'down'])
}

export async function removeTap(state: LabState, tap: string): Promise<void> {
  await tryCommand(['ip', '-n', namespaceName(state, 'lan'), 'link', 'del', tap])
}

/** Gives the LAN's bridge another address, for a BMC to listen on. */
export async function addLanAddress(state: LabState, address: string): Promise<void> {
  await ipBatchIn(namespaceName(state, 'lan'), [`addr add ${address}/${lan.prefixLength} dev br0`])
}

export async function removeLanAddress(state: LabState, address: string): Promise<void> {
  const cidr = `${address}/${lan.prefixLength}`
  await tryCommand(['ip', '-n', namespaceName(state, 'lan'), 'addr', 'del', cidr, 'dev', 'br0'])
}

/** Removes what `createNetwork` made, or as much of it as an interrupted run left, and ends what still runs in it. */
export async function removeNetwork(state: LabState): Promise<void> {
  await tryCommand(['ip', 'link', 'del', uplinkDevice(state)])
  for (const host of labHosts) {
    await endProcessesIn(namespaceName(state, host))
    await tryCommand(['ip', 'netns', 'del', namespaceName(state, host)])
  }
}

/** An edge that was updated is no child of the lab any more, and would outlive its network. */
async function endProcessesIn(namespace: string): Promise<void> {
  const listed = await runCommand(['ip', 'netns', 'pids', namespace]).catch(() => '')
  for (const pid of listed
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 1)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
}

export async function networkExists(state: LabState): Promise<boolean> {
  const listed = await runCommand(['ip', 'netns', 'list'])
  const names = new Set(listed.split('\n').map((line) => line.split(' ')[0]))
  return labHosts.every((host) => names.has(namespaceName(state, host)))
}

/** The words before a command that make it run on one of the lab's hosts. */
export function commandOn(state: LabState, host: LabHost, argv: readonly string[]): string[] {
  return ['ip', 'netns', 'exec', namespaceName(state, host), ...argv]
}
