import type { BmcLogEntry } from '@dragonfly/schema/wire'
import { chooseEventLog, parseLogEntry, sortEntries } from '../../protocol/redfish/event-log.ts'
import { RedfishError } from '../../protocol/redfish/redfish-error.ts'
import { linkAt } from '../../protocol/redfish/resource.ts'
import { type RedfishMachine, readSystem } from './machine.ts'
import { findAction, invoke, listMembers, listPages, read, readIfThere, readMembers } from './resources.ts'

const mostEntries = 2000

interface KnownLog {
  path: string
  entriesPath: string | null
  /** The last entry that was read, and its place in a list that begins with the oldest; null where that is not known. */
  last: { id: string; index: number } | null
  /** It gave something else than what was asked for when a part of the list was asked for. */
  isWholeOnly: boolean
}

/** Where the log is takes requests to find, and does not change while a machine is known. */
const known = new WeakMap<RedfishMachine, KnownLog>()

/**
 * Oldest first; the newest 2,000 where there are more. With `after`, those behind that entry are enough: where the BMC
 * lets a part of its list be read, or begins it with the newest, no more than that is read of it.
 */
export async function readEventLog(machine: RedfishMachine, after?: string): Promise<BmcLogEntry[]> {
  const log = await findLog(machine)
  const { entriesPath } = log
  if (entriesPath === null) return []
  const isNext = after !== undefined && log.last?.id === after && !log.isWholeOnly
  const behind = isNext ? await readBehind(machine, entriesPath, log) : null
  if (behind) return behind
  const { entries, isWhole } = await readEntries(machine, entriesPath, after)
  const sorted = sortEntries(entries)
  const isOldestFirst = isWhole && sorted.length > 1 && sorted[0] === entries[0]
  const last = sorted.at(-1)
  log.last = isOldestFirst && last ? { id: last.id, index: sorted.length - 1 } : null
  return sorted.slice(-mostEntries)
}

/** What is behind the last entry that was read, by its place in the list; null where the BMC has another one there. */
async function readBehind(
  { session }: RedfishMachine,
  entriesPath: string,
  log: KnownLog,
): Promise<BmcLogEntry[] | null> {
  if (!log.last) return null
  const { id, index } = log.last
  const path = `${entriesPath}${entriesPath.includes('?') ? '&' : '?'}$skip=${index}`
  const members = await readMembers(session, path, mostEntries)
  const entries = members.flatMap(({ resource }) => parseLogEntry(resource) ?? [])
  if (entries[0]?.id !== id) {
    log.isWholeOnly = entries.length > 0
    return null
  }
  const last = entries.at(-1)
  if (last) log.last = { id: last.id, index: index + entries.length - 1 }
  return entries.slice(1)
}

/** Page by page as the BMC lists them, up to the page that has `after` where the newest come first. */
async function readEntries(
  { session }: RedfishMachine,
  entriesPath: string,
  after: string | undefined,
): Promise<{ entries: BmcLogEntry[]; isWhole: boolean }> {
  const entries: BmcLogEntry[] = []
  for await (const page of listPages(session, entriesPath, mostEntries)) {
    const resources = await Promise.all(
      page.map(async ({ path, resource }) => resource ?? (await readIfThere(session, path))),
    )
    entries.push(...resources.flatMap((resource) => (resource && parseLogEntry(resource)) ?? []))
    const isNewestFirst = entries.length > 1 && sortEntries(entries)[0] !== entries[0]
    if (isNewestFirst && entries.some(({ id }) => id === after)) return { entries, isWhole: false }
  }
  return { entries, isWhole: true }
}

export async function clearEventLog(machine: RedfishMachine): Promise<void> {
  const what = 'clearing the event log'
  const log = await findLog(machine)
  const action = findAction(await read(machine.session, log.path, what), 'LogService.ClearLog')
  if (!action) throw new RedfishError('not-supported', 'This BMC’s event log can’t be cleared over Redfish.')
  await invoke(machine.session, action.target, {}, what)
  log.last = null
}

async function findLog(machine: RedfishMachine): Promise<KnownLog> {
  const before = known.get(machine)
  if (before) return before
  const path = await findLogPath(machine)
  const entriesPath = linkAt(await read(machine.session, path, 'reading the event log'), 'Entries')
  const found = { path, entriesPath, last: null, isWholeOnly: false }
  known.set(machine, found)
  return found
}

/** Makers keep it with the system, with the manager, or with the chassis. */
async function findLogPath(machine: RedfishMachine): Promise<string> {
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
