import type { SiteMachine, SiteState } from '@dragonfly/schema/wire'
import { identifiesOneMachine, parseUuid } from '../codec/uuid.ts'

/** Finds the machines of a site by what they show of themselves. */
export interface MachineIndex {
  get(machineId: string): SiteMachine | null
  /** By MAC first; by SMBIOS UUID only where exactly one machine has it. */
  identify(macs: readonly string[], smbiosUuid: string | null): SiteMachine | null
}

export function indexMachines(state: SiteState | null): MachineIndex {
  const byId = new Map<string, SiteMachine>()
  const byMac = new Map<string, SiteMachine>()
  const byUuid = new Map<string, SiteMachine | null>()
  for (const machine of state?.machines ?? []) {
    byId.set(machine.machineId, machine)
    for (const mac of machine.macs) byMac.set(mac, machine)
    const uuid = machine.smbiosUuid
    if (uuid && isDistinct(uuid)) byUuid.set(uuid, byUuid.has(uuid) ? null : machine)
  }
  return {
    get: (machineId) => byId.get(machineId) ?? null,
    identify: (macs, smbiosUuid) => {
      for (const mac of macs) {
        const machine = byMac.get(mac)
        if (machine) return machine
      }
      return smbiosUuid ? (byUuid.get(smbiosUuid) ?? null) : null
    },
  }
}

function isDistinct(text: string): boolean {
  const uuid = parseUuid(text)
  return uuid !== undefined && identifiesOneMachine(uuid)
}
