import { identifiesOneMachine, isSignOfMachine, uuidsOfMachine } from '@dragonfly/schema/state'
import type { SiteMachine, SiteState } from '@dragonfly/schema/wire'
import { parseUuid } from '../codec/uuid.ts'

/** Finds the machines of a site by what they show of themselves. */
export interface MachineIndex {
  get(machineId: string): SiteMachine | null
  /**
   * By the MAC it booted from (the first), else by another NIC's, unless that may be shared; else by its SMBIOS
   * UUID, where exactly one machine has it.
   */
  identify(macs: readonly string[], smbiosUuid: string | null): SiteMachine | null
}

export function indexMachines(state: SiteState | null): MachineIndex {
  const byId = new Map<string, SiteMachine>()
  const byMac = new Map<string, SiteMachine>()
  const byUuid = new Map<string, SiteMachine | null>()
  for (const machine of state?.machines ?? []) {
    byId.set(machine.machineId, machine)
    for (const mac of machine.macs) byMac.set(mac, machine)
    for (const uuid of uuidsOfMachine(machine)) byUuid.set(uuid, byUuid.has(uuid) ? null : machine)
  }
  return {
    get: (machineId) => byId.get(machineId) ?? null,
    identify: ([bootMac = '', ...otherMacs], smbiosUuid) => {
      const booted = byMac.get(bootMac)
      if (booted) return booted
      const shown = { smbiosUuid: smbiosUuid && isDistinct(smbiosUuid) ? smbiosUuid : null, serial: null }
      for (const mac of otherMacs) {
        const machine = byMac.get(mac)
        if (machine && isSignOfMachine(mac, shown, machine)) return machine
      }
      return shown.smbiosUuid ? (byUuid.get(shown.smbiosUuid) ?? null) : null
    },
  }
}

function isDistinct(text: string): boolean {
  const uuid = parseUuid(text)
  return uuid !== undefined && identifiesOneMachine(uuid)
}
