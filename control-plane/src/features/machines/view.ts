import type { DeploymentView, MachineView } from '@dragonfly/schema/api'
import { fourWords, machineStatus } from '@dragonfly/schema/state'
import type { Belongings, MachineListRow } from './queries.ts'

export function renderMachine(
  row: MachineListRow,
  belongings: Belongings,
  deployment: DeploymentView | null,
): MachineView {
  const { setName, adoptedAt, lockVersion, appliedVersion, foundOs, ramdiskEdgeId, ...rest } = row
  const macs = (belongings.macs.get(row.machineId) ?? []).map(({ mac }) => mac)
  const words = macs[0] ? fourWords(macs[0]) : ''
  const isInstalled = deployment?.status === 'deployed' || deployment?.status === 'written'
  const facts = { adopted: adoptedAt !== null, locked: row.lockedAt !== null, deployment }
  return {
    ...rest,
    name: setName ?? (isInstalled ? deployment.hostname : words || row.bmc?.address || row.machineId),
    fourWords: words,
    status: machineStatus(facts),
    adopted: facts.adopted,
    locked: facts.locked,
    lockConfirmed: facts.locked && isLockConfirmed(lockVersion, appliedVersion),
    macs,
    tags: (belongings.tags.get(row.machineId) ?? []).map(({ tag }) => tag),
    roles: (belongings.roles.get(row.machineId) ?? []).map(({ role }) => role),
    ramdiskConnected: ramdiskEdgeId !== null,
    os: isInstalled ? deployment.imageName : foundOs,
    deployment,
  }
}

/** A site without an edge has nobody who could act on a machine. */
function isLockConfirmed(lockVersion: number | null, appliedVersion: number | null): boolean {
  return appliedVersion === null || appliedVersion >= (lockVersion ?? 0)
}

const attention: Record<MachineView['status'], number> = {
  failed: 0,
  discovered: 1,
  deploying: 2,
  armed: 3,
  queued: 4,
  ready: 5,
  deployed: 6,
}

const byName = new Intl.Collator('en', { numeric: true })

/** Those that want a person first, then by name. */
export function compareMachines(a: MachineView, b: MachineView): number {
  return attention[a.status] - attention[b.status] || byName.compare(a.name, b.name)
}

/** Whether a search text is part of anything that a person knows a machine by. */
export function matchesSearch(machine: MachineView, query: string): boolean {
  const text = query.toLowerCase()
  const bareMac = text.replaceAll(/[:.-]/g, '')
  const fields = [
    machine.name,
    machine.fourWords,
    machine.serial,
    machine.smbiosUuid,
    machine.manufacturer,
    machine.product,
    machine.address,
    machine.bmc?.address,
    machine.siteName,
    machine.os,
    machine.deployment?.hostname,
    ...machine.macs,
    ...machine.tags,
    ...machine.roles,
  ]
  return (
    fields.some((field) => field?.toLowerCase().includes(text)) ||
    (bareMac.length >= 4 && machine.macs.some((mac) => mac.replaceAll(':', '').includes(bareMac)))
  )
}
