import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { listHostInterfaces } from '../../io/host-interfaces.ts'
import { loadLinuxCalls } from '../../io/linux-calls.ts'
import { createControlPlane } from '../control-plane.ts'
import { loadEdgeKey } from '../edge-key.ts'
import { loadIdentity } from '../store/identity.ts'
import { openStore } from '../store/store.ts'
import { checkControlPlane } from './check-control-plane.ts'
import { checkDhcp } from './check-dhcp.ts'
import { checkFirewall } from './check-firewall.ts'
import { checkBundle, checkDeviceSockets, checkDisk, checkInterfaces } from './check-host.ts'
import { checkPorts, checkPrivilege } from './check-ports.ts'
import { type Finding, note, problem } from './finding.ts'
import type { PortOwner } from './port-owners.ts'

export interface Examination {
  dataDir: string
  /** The control plane's, where the edge has not joined. */
  url: string | null
  authorization: (() => Promise<string>) | null
  hasJoined: boolean
  /** Interfaces where this edge hands out addresses, and what it found wrong itself; null while it does not run. */
  running: { fullModeOn: readonly string[]; problems: readonly string[] } | null
}

/** Looks at this host and its networks. Every check tells of itself what it could not look at. */
export async function examine(options: Examination): Promise<Finding[]> {
  const { dataDir, url, running } = options
  const interfaces = await listHostInterfaces()
  const calls = await loadLinuxCalls()
  const checks = [
    checkPorts((owner) => running !== null && belongsToEdge(owner, dataDir)),
    checkPrivilege().then((finding) => [finding]),
    checkFirewall(),
    checkDisk(dataDir).then((finding) => [finding]),
    checkBundle(dataDir, options.hasJoined).then((finding) => [finding]),
    url === null
      ? [note('control-plane', 'Not looked at: before join, name it: dragonfly-edge doctor URL')]
      : checkControlPlane({ url, authorization: options.authorization, env: process.env, now: Date.now }),
    checkDhcp(interfaces, running?.fullModeOn ?? []),
  ]
  const found = (await Promise.all(checks)).flat()
  const told = (running?.problems ?? []).map((message) =>
    problem('edge', message, 'Read the sentence above.'),
  )
  return [
    ...checkInterfaces(interfaces),
    checkDeviceSockets(calls !== undefined, interfaces),
    ...found,
    ...told,
  ]
}

/** The supervisor, and its children that are told the data directory. */
function belongsToEdge({ pid, commandLine }: PortOwner, dataDir: string): boolean {
  return pid === process.pid || commandLine.some((word) => word.startsWith(dataDir))
}

/** Without a running edge: who it is, is on its disk. */
export async function examineStopped(dataDir: string, url: string | null): Promise<Finding[]> {
  const joined = existsSync(join(dataDir, 'edge.db')) ? await loadJoined(dataDir) : null
  return examine({
    dataDir,
    url: url ?? joined?.url ?? null,
    // A token is shown to the control plane that the edge joined, and to no other.
    authorization: joined && (url === null || url === joined.url) ? joined.authorization : null,
    hasJoined: joined !== null,
    running: null,
  })
}

async function loadJoined(dataDir: string) {
  const store = await openStore(dataDir)
  try {
    const identity = await loadIdentity(store)
    const key = await loadEdgeKey(dataDir)
    return identity && key ? createControlPlane(identity, () => key, Date.now) : null
  } finally {
    store.close()
  }
}
