import { ifMatchLadder } from '../../protocol/redfish/etags.ts'
import { RedfishError } from '../../protocol/redfish/redfish-error.ts'
import {
  asResource,
  linkAt,
  listAt,
  parsePath,
  type Resource,
  resourceAt,
  textAt,
  textsAt,
} from '../../protocol/redfish/resource.ts'
import { parseRetryAfter, parseTask, taskPath } from '../../protocol/redfish/tasks.ts'
import type { RedfishAnswer, RedfishSession } from './session.ts'

const mostPages = 50
const taskPatienceMs = 5 * 60_000

export async function read(session: RedfishSession, path: string, what?: string): Promise<Resource> {
  return (await session.get(path, what === undefined ? {} : { what })).body
}

/** What is at a path; null where there is no path, or where the BMC has nothing there or does not want to say. */
export async function readIfThere(session: RedfishSession, path: string | null): Promise<Resource | null> {
  if (path === null) return null
  try {
    return await read(session, path)
  } catch (error) {
    if (isRefusal(error)) return null
    throw error
  }
}

const refusals = new Set([
  'not-found',
  'not-supported',
  'refused',
  'server-error',
  'licence-missing',
  'malformed',
  'busy',
  'privilege-too-low',
])

/** Whether the BMC answered, and said no: something else may work. A silent BMC or a wrong password is no refusal. */
export function isRefusal(error: unknown): error is RedfishError {
  return error instanceof RedfishError && refusals.has(error.reason)
}

export interface Member {
  /** Null for one that is only there inside its collection. */
  path: string | null
  /** Null while only its path is known. */
  resource: Resource | null
}

/** The members of a collection. */
export async function listMembers(
  session: RedfishSession,
  path: string | null,
  most: number,
): Promise<Member[]> {
  const members: Member[] = []
  if (path !== null) for await (const page of listPages(session, path, most)) members.push(...page)
  return members
}

/** The members of a collection, page by page. */
export async function* listPages(
  session: RedfishSession,
  path: string,
  most: number,
): AsyncGenerator<Member[]> {
  const seen = new Set<string>()
  let next: string | null = path
  let left = most
  for (let page = 0; next !== null && page < mostPages && left > 0 && !seen.has(next); page++) {
    seen.add(next)
    const body: Resource | null = await readIfThere(session, next)
    if (body === null) break
    const members = listAt(body, 'Members').slice(0, left).map(parseMember)
    left -= members.length
    yield members
    const link = body['Members@odata.nextLink']
    next = parsePath(typeof link === 'string' ? link : asResource(link)['@odata.id'])
  }
}

function parseMember(entry: Resource): Member {
  const isMore = Object.keys(entry).some((key) => !key.startsWith('@'))
  return { path: parsePath(entry['@odata.id']), resource: isMore ? entry : null }
}

/** The members themselves; those that the BMC does not give are left out. */
export async function readMembers(
  session: RedfishSession,
  path: string | null,
  most: number,
): Promise<{ path: string | null; resource: Resource }[]> {
  const members = await listMembers(session, path, most)
  const found = await Promise.all(
    members.map(async (member) => ({
      path: member.path,
      resource: member.resource ?? (await readIfThere(session, member.path)),
    })),
  )
  return found.flatMap(({ path: at, resource }) => (resource === null ? [] : [{ path: at, resource }]))
}

/** Writes properties of a resource, with whatever If-Match this firmware takes. */
export async function patch(
  session: RedfishSession,
  path: string,
  body: Resource,
  { what, etag }: { what: string; etag?: string | null },
): Promise<RedfishAnswer> {
  const ladder = ifMatchLadder(etag === undefined ? (await session.get(path, { what })).etag : etag)
  let refusal: unknown
  for (const ifMatch of ladder) {
    try {
      return await session.write('PATCH', path, body, { what, ifMatch })
    } catch (error) {
      if (!(error instanceof RedfishError) || error.reason !== 'precondition') throw error
      refusal = error
    }
  }
  throw refusal
}

export interface Action {
  target: string
  description: Resource
}

/** An action of a resource, by its name after the `#`. Null where it has none. */
export function findAction(resource: Resource, name: string): Action | null {
  const description = resourceAt(resource, 'Actions', `#${name}`)
  const target = linkAt(description, 'target')
  return target === null ? null : { target, description }
}

/** What a parameter may be: said beside the action, or in a resource of its own. Null where it is said nowhere. */
export async function readAllowedValues(
  session: RedfishSession,
  { description }: Action,
  parameter: string,
): Promise<readonly string[] | null> {
  const beside = textsAt(description, `${parameter}@Redfish.AllowableValues`)
  if (beside.length > 0) return beside
  const info = await readIfThere(session, linkAt(description, '@Redfish.ActionInfo'))
  const described = info
    ? listAt(info, 'Parameters').find((entry) => textAt(entry, 'Name') === parameter)
    : undefined
  const values = described ? textsAt(described, 'AllowableValues') : []
  return values.length > 0 ? values : null
}

/** Carries an action out, and waits for its end. An If-Match is never sent with one: some firmware refuses that. */
export async function invoke(
  session: RedfishSession,
  target: string,
  body: Resource,
  what: string,
): Promise<void> {
  await settle(session, await session.write('POST', target, body, { what }), what)
}

/**
 * Waits for the task that a 202 stands for. One that waits for a restart of the machine counts as taken: that is when
 * firmware applies settings.
 */
export async function settle(session: RedfishSession, answer: RedfishAnswer, what: string): Promise<void> {
  if (answer.status !== 202) return
  const path = taskPath(answer.body, answer.location)
  if (path === null) return
  let { retryAfter, body } = answer
  for (let waitedMs = 0; waitedMs < taskPatienceMs; ) {
    const progress = parseTask(body)
    if (progress.kind === 'done' || progress.kind === 'deferred') return
    if (progress.kind === 'failed') {
      const said = listAt(body, 'Messages').flatMap((message) => textAt(message, 'Message') ?? [])
      const told = said.length > 0 ? ` It says: ${said.slice(0, 3).join(' ')}` : ''
      throw new RedfishError(
        'task-failed',
        `The BMC began with ${what}, and ended in “${progress.state}”.${told}`,
      )
    }
    const waitMs = parseRetryAfter(retryAfter, 1000)
    await session.options.sleep(waitMs)
    waitedMs += waitMs
    const next = await session.get(path, { what }).catch((error: unknown) => {
      // A finished task may be gone already.
      if (error instanceof RedfishError && error.reason === 'not-found') return null
      throw error
    })
    if (next === null || (next.status !== 202 && !isTask(next.body))) return
    retryAfter = next.retryAfter
    body = next.body
  }
  throw new RedfishError(
    'timeout',
    `The BMC has not finished ${what} after ${taskPatienceMs / 60_000} minutes.`,
  )
}

function isTask(body: Resource): boolean {
  return 'TaskState' in body || 'JobState' in body
}
