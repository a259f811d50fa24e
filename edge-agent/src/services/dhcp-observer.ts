import { findDhcpProblems } from '@dragonfly/schema/state'
import type { HostInterface, InterfaceDhcp, SiteEvent } from '@dragonfly/schema/wire'
import { canListenOn, type DhcpListening, listenForDhcp } from './dhcp-listening.ts'
import type { Problems } from './problems.ts'
import { createSerialQueue } from './serial-queue.ts'

export interface DhcpObserver {
  /** Listens on all interfaces that have an address, and tells what was heard. A round under way counts as this one. */
  observeAll(): Promise<void>
  /** The same, on those that the edge serves. */
  observeServed(): Promise<void>
}

export interface DhcpObserverOptions extends Omit<DhcpListening, 'ownAddresses'> {
  hostInterfaces: () => readonly HostInterface[]
  /** Names of the interfaces that are switched on. */
  served: () => readonly string[]
  report: (event: SiteEvent) => Promise<void>
  problems: Pick<Problems, 'raise' | 'clear'>
}

const mostInterfaces = 16

export function createDhcpObserver(options: DhcpObserverOptions): DhcpObserver {
  let all: Promise<void> | null = null
  const queue = createSerialQueue()
  return {
    observeAll: () => {
      all ??= queue
        .add(() => runRound(options, () => true))
        .finally(() => {
          all = null
        })
      return all
    },
    observeServed: () =>
      queue.add(async () => {
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
  const all = options.hostInterfaces()
  const interfaces = all.filter(canListenOn).filter(chosen).slice(0, mostInterfaces)
  if (interfaces.length === 0) return
  const ownAddresses = all.flatMap(({ address }) => address ?? [])
  const observed = await listenForDhcp({ ...options, ownAddresses }, interfaces)
  for (const entry of observed) await tellProblems(options.problems, entry)
  await options.report({ type: 'edge.dhcp', interfaces: observed })
}

function aboutDhcpOn(name: string): string {
  return `DHCP on ${name}`
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
