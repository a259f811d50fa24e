import type { HostInterface, SiteState } from '@dragonfly/schema/wire'
import type { Database } from '../io/database.ts'
import { indexMachines, type MachineIndex } from './machine-index.ts'
import { addDiscoveredMacs, dropDiscoveredMacs, loadDiscoveredMacs } from './store/site-state.ts'

/** What the edge knows of its site right now. */
export interface SiteContext {
  state(): SiteState | null
  machines(): MachineIndex
  hostInterfaces(): readonly HostInterface[]
  /** MACs that were looked at, of machines that the site does not have. */
  discoveredMacs(): ReadonlySet<string>
  discover(macs: readonly string[]): Promise<void>
  /** False when they are those known already. */
  takeInterfaces(found: HostInterface[]): boolean
  /** Takes a new state; a machine that is gone from it is unknown again, and will be discovered afresh. */
  take(state: SiteState): Promise<void>
  /** The site is no longer this edge's. */
  clear(): void
}

export async function openSiteContext(database: Database, now: () => number): Promise<SiteContext> {
  const discovered = new Set(await loadDiscoveredMacs(database))
  let state: SiteState | null = null
  let machines = indexMachines(null)
  let hostInterfaces: HostInterface[] = []
  return {
    state: () => state,
    machines: () => machines,
    hostInterfaces: () => hostInterfaces,
    discoveredMacs: () => discovered,
    discover: async (macs) => {
      await addDiscoveredMacs(database, macs, now())
      for (const mac of macs) discovered.add(mac)
    },
    takeInterfaces: (found) => {
      if (JSON.stringify(found) === JSON.stringify(hostInterfaces)) return false
      hostInterfaces = found
      return true
    },
    take: async (next) => {
      const kept = new Set(next.machines.map((machine) => machine.machineId))
      const gone = (state?.machines ?? []).filter((machine) => !kept.has(machine.machineId))
      const forgotten = gone.flatMap((machine) => machine.macs)
      await dropDiscoveredMacs(database, forgotten)
      for (const mac of forgotten) discovered.delete(mac)
      state = next
      machines = indexMachines(next)
    },
    clear: () => {
      state = null
      machines = indexMachines(null)
    },
  }
}
