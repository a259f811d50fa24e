import type { HostInterface, SiteState } from '@dragonfly/schema/wire'
import { type AgentHttp, type AgentHttpRoutes, listenAgentHttp } from './agent-http.ts'
import { servedInterfaces } from './boot-view.ts'
import type { ImageServerProcess } from './image-server-process.ts'
import type { Problems } from './problems.ts'
import { createSerialQueue } from './serial-queue.ts'

/** Opens this edge's network services while an interface is switched on, and closes them when none is. */
export interface Serving {
  update(state: SiteState | null, hostInterfaces: readonly HostInterface[]): Promise<void>
  /** Port of the ramdisk link while it is open. */
  agentPort(): number | null
  stop(): Promise<void>
}

export function createServing(options: {
  routes: AgentHttpRoutes
  agentPort: number
  imageServer: ImageServerProcess
  problems: Problems
  onClose: () => void
}): Serving {
  const { problems, imageServer } = options
  let http: AgentHttp | null = null
  const queue = createSerialQueue()
  let stopped = false

  const openHttp = async (): Promise<void> => {
    try {
      http ??= await listenAgentHttp(options.routes, options.agentPort, '0.0.0.0')
      await problems.clear('agent-http')
    } catch (error) {
      const inUse = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      await problems.raise(
        inUse ? 'port-in-use' : 'socket-failed',
        'agent-http',
        inUse
          ? `TCP port ${options.agentPort} is taken by another program: stop it, and machines can be deployed.`
          : `TCP port ${options.agentPort} could not be opened: ${(error as Error).message}.`,
      )
    }
  }
  const close = async (): Promise<void> => {
    const closing = http
    http = null
    options.onClose()
    await Promise.all([closing?.close(), imageServer.setServing(false)])
  }
  const update = async (state: SiteState | null, hosts: readonly HostInterface[]): Promise<void> => {
    await tellUnserved(state, hosts, problems)
    await tellUnfitting(state, hosts, problems)
    if (servedInterfaces(state, hosts).length === 0) return http ? close() : undefined
    await openHttp()
    await imageServer.setServing(true)
  }
  return {
    update: (state, hosts) => queue.add(async () => (stopped ? undefined : update(state, hosts))),
    agentPort: () => http?.port ?? null,
    stop: () => {
      stopped = true
      return queue.add(close)
    },
  }
}

/** Addresses that no longer fit the interface's own are not given out: a wrong one cuts a machine off. */
async function tellUnfitting(
  state: SiteState | null,
  hosts: readonly HostInterface[],
  problems: Problems,
): Promise<void> {
  const served = servedInterfaces(state, hosts)
  const unfitting = (state?.interfaces ?? []).filter(
    ({ name, dhcp }) => dhcp && served.some((entry) => entry.name === name && entry.mode !== 'full'),
  )
  const names = unfitting.map(({ name }) => name).join(', ')
  if (unfitting.length === 0) await problems.clear('dhcp-range')
  else
    await problems.raise(
      'dhcp-range-unfitting',
      'dhcp-range',
      `No addresses are given out on ${names}: the range does not fit the address that the interface has now. Set the range anew in the portal.`,
    )
}

async function tellUnserved(
  state: SiteState | null,
  hosts: readonly HostInterface[],
  problems: Problems,
): Promise<void> {
  const on = (state?.interfaces ?? []).filter(({ mode }) => mode !== 'off')
  const unserved = on.filter(({ name }) => !hosts.find((host) => host.name === name)?.address)
  const names = unserved.map(({ name }) => name).join(', ')
  if (unserved.length === 0) await problems.clear('interfaces')
  else
    await problems.raise(
      'interface-without-address',
      'interfaces',
      `Switched on, but missing or without an IPv4 address: ${names}. Give it an address, or switch it off in the portal.`,
    )
}
