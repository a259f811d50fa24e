import type { BmcLogEntry } from '@dragonfly/schema/wire'
import { chooseEventLog, parseLogEntry, sortEntries } from '../../protocol/redfish/event-log.ts'
import { RedfishError } from '../../protocol/redfish/redfish-error.ts'
import { linkAt } from '../../protocol/redfish/resource.ts'
import { type RedfishMachine, readSystem } from './machine.ts'
import { findAction, invoke, listMembers, read, readIfThere, readMembers } from './resources.ts'

const mostEntries = 2000

/** Oldest first; the newest 2,000 where there are more. */
export async function readEventLog(machine: RedfishMachine): Promise<BmcLogEntry[]> {
  const { session } = machine
  const log = await read(session, await findLog(machine), 'reading the event log')
  const entries = await readMembers(session, linkAt(log, 'Entries'), mostEntries)
  return sortEntries(entries.flatMap(({ resource }) => parseLogEntry(resource) ?? [])).slice(-mostEntries)
}

export async function clearEventLog(machine: RedfishMachine): Promise<void> {
  const what = 'clearing the event log'
  const action = findAction(await read(machine.session, await findLog(machine), what), 'LogService.ClearLog')
  if (!action) throw new RedfishError('not-supported', 'This BMC’s event log can’t be cleared over Redfish.')
  await invoke(machine.session, action.target, {}, what)
}

/** Makers keep it with the system, with the manager, or with the chassis. */
async function findLog(machine: RedfishMachine): Promise<string> {
  const { session, managers, chassisPaths } = machine
  const system = await readSystem(machine)
  const [chassisPath] = chassisPaths
  const holders = [
    async () => system,
    ...managers.map(
      ({ resource }) =>
        async () =>
          resource,
    ),
    async () => readIfThere(session, chassisPath ?? null),
  ]
  const paths: string[] = []
  for (const holder of holders) {
    const resource = await holder()
    const logs = resource ? await listMembers(session, linkAt(resource, 'LogServices'), 32) : []
    paths.push(...logs.flatMap(({ path }) => path ?? []))
  }
  const chosen = chooseEventLog(paths)
  if (chosen === null) throw new RedfishError('not-supported', 'This BMC shows no event log over Redfish.')
  return chosen
}
