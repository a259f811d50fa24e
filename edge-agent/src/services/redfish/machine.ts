import { RedfishError } from '../../protocol/redfish/redfish-error.ts'
import { linkAt, linksAt, type Resource, textAt } from '../../protocol/redfish/resource.ts'
import { chooseVendorRules, type VendorRules } from '../../protocol/redfish/vendors.ts'
import { findAction, listMembers, readIfThere, readMembers } from './resources.ts'
import type { RedfishSession } from './session.ts'

const mostMembers = 32

/** Where the parts of the machine are on its BMC; ids differ between makers, so they are looked up. */
export interface RedfishMachine {
  session: RedfishSession
  rules: VendorRules
  systemPath: string
  managers: readonly { path: string; resource: Resource }[]
  chassisPaths: readonly string[]
}

/** Finds the machine behind a BMC, and what belongs to it. */
export async function findMachine(session: RedfishSession): Promise<RedfishMachine> {
  const { path: systemPath, resource: system } = await findSystem(session)
  const managers = await findManagers(session, system)
  const [manager] = managers
  const rules =
    session.rules.name === null
      ? chooseVendorRules(
          session.root,
          textAt(system, 'Manufacturer'),
          manager ? textAt(manager.resource, 'Model') : null,
          manager ? textAt(manager.resource, 'FirmwareVersion') : null,
          isOpenBmc(systemPath, managers[0]?.path) ? 'OpenBMC' : null,
        )
      : session.rules
  const linked = linksAt(system, 'Links', 'Chassis')
  const chassisPaths = linked.length > 0 ? linked : await listChassis(session)
  return { session, rules, systemPath, managers, chassisPaths: chassisPaths.slice(0, mostMembers) }
}

async function findSystem(session: RedfishSession): Promise<{ path: string; resource: Resource }> {
  const members = await readMembers(session, linkAt(session.root, 'Systems'), mostMembers)
  const candidates = members.flatMap(({ path, resource }) => (path === null ? [] : [{ path, resource }]))
  // Some list parts beside the machine (a GPU baseboard, an object of capabilities): what has a processor and power comes first.
  const best = candidates.toSorted((a, b) => rank(b.resource) - rank(a.resource))[0]
  if (!best) {
    const message = 'The BMC lists no machine. After its restart that takes some minutes: try again.'
    throw new RedfishError('busy', message)
  }
  return best
}

function rank(system: Resource): number {
  const type = textAt(system, 'SystemType')
  const isMachine = type === null || type === 'Physical'
  const ranks = [
    findAction(system, 'ComputerSystem.Reset') !== null,
    'PowerState' in system,
    'Boot' in system,
    isMachine,
  ]
  const isBaseboard = /baseboard/i.test(textAt(system, 'Id') ?? '')
  return ranks.filter(Boolean).length - (isBaseboard ? 1 : 0)
}

async function findManagers(session: RedfishSession, system: Resource): Promise<RedfishMachine['managers']> {
  const linked = [...linksAt(system, 'Links', 'ManagedBy'), ...linksAt(system, 'Links', 'Managers')]
  const listed = async () => {
    const members = await listMembers(session, linkAt(session.root, 'Managers'), mostMembers)
    return members.flatMap(({ path }) => path ?? [])
  }
  const paths = linked.length > 0 ? linked : await listed()
  const managers = await Promise.all(
    [...new Set(paths)]
      .slice(0, 4)
      .map(async (path) => ({ path, resource: await readIfThere(session, path) })),
  )
  return managers.flatMap(({ path, resource }) => (resource === null ? [] : [{ path, resource }]))
}

async function listChassis(session: RedfishSession): Promise<string[]> {
  const members = await listMembers(session, linkAt(session.root, 'Chassis'), mostMembers)
  return members.flatMap(({ path }) => path ?? [])
}

/** It does not say who it is; what it calls its resources is always the same. */
function isOpenBmc(systemPath: string, managerPath: string | undefined): boolean {
  return /\/Systems\/system\/?$/.test(systemPath) && /\/Managers\/bmc\/?$/.test(managerPath ?? '')
}

export async function readSystem(machine: RedfishMachine): Promise<Resource> {
  return (await machine.session.get(machine.systemPath, { what: 'reading the machine’s state' })).body
}
