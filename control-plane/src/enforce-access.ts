import { can, scopesCover } from '@dragonfly/schema/state'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { TrieRouter } from 'hono/router/trie-router'
import { type Access, type DeclaredRoute, operationGroup } from './access.ts'
import type { AppEnv, Deps, EdgeIdentity, Person } from './deps.ts'
import { AppError, notFound } from './errors.ts'
import { readApiKey } from './features/api-keys/service.ts'
import { authenticateEdge } from './features/edge-api/edge-token.ts'
import { findPerson } from './features/people/find-person.ts'
import { needsMfa } from './features/people/mfa-policy.ts'
import { refuseHiddenSites } from './features/people/site-limits.ts'

/**
 * Looks up an operation's access by method and path. What is not declared is not reachable: the answer
 * is null, and the middleware says 404.
 */
function createAccessTable(routes: readonly DeclaredRoute[]) {
  const router = new TrieRouter<{ access: Access; operation: string }>()
  for (const route of routes) {
    router.add(route.method.toUpperCase(), route.path.replaceAll(/\{(.+?)\}/g, ':$1'), {
      access: route['x-access'],
      operation: route.operationId,
    })
  }
  return (method: string, path: string) => {
    const [found] = router.match(method === 'HEAD' ? 'GET' : method, path)[0]
    return found ? { ...found[0], params: found[1] as Record<string, string> } : null
  }
}

/** The one place where it is enforced who may call what. */
export function enforceAccess(routes: readonly DeclaredRoute[]) {
  const find = createAccessTable(routes)
  return createMiddleware<AppEnv>(async (c, next) => {
    const found = find(c.req.method, c.req.path)
    if (found === null) throw notFound('address in the API')
    const { access, operation, params } = found
    c.set('access', access)
    // No page can make a browser send a key: only cookies come by themselves.
    if (!readApiKey(c.req.raw.headers)) refuseForeignOrigin(c)
    if (access === 'edge') {
      c.set('edge', await authenticateEdge(c.get('deps'), c.req.header('authorization')))
    } else if (access !== 'public') {
      const person = await authenticatePerson(c, access, operation)
      await refuseHiddenSites(c.get('deps'), person, params)
      c.set('person', person)
    }
    await next()
  })
}

async function authenticatePerson(
  c: Context<AppEnv>,
  access: Exclude<Access, 'public' | 'edge'>,
  operation: string | null,
): Promise<Person> {
  const deps = c.get('deps')
  const person = await findPerson(deps, c.req.raw.headers)
  if (!person) throw new AppError({ code: 'signed-out', status: 401, message: 'Sign in first.' })
  // Before the refusals below: the audit log names who was refused.
  c.set('person', person)
  if (person.scopes === null && isChange(c)) requireOrigin(c)
  const group = operationGroup(access, c.req.method)
  const byRole = can(person.role, group)
  if (!byRole.allowed) throw new AppError({ code: 'forbidden', status: 403, message: byRole.reason })
  const byScope = person.scopes ? scopesCover(person.scopes, group, operation) : byRole
  if (!byScope.allowed) throw new AppError({ code: 'scope-missing', status: 403, message: byScope.reason })
  if (group !== 'self' && group !== 'account' && (await needsMfa(deps.db, person))) {
    throw new AppError({
      code: 'mfa-required',
      status: 403,
      message: 'A second factor is required here: set one up in your account first.',
    })
  }
  if (group !== 'self' && group !== 'account') await refuseOutsiders(deps, person)
  return person
}

/** For what is no operation of the API: whoever may read it may see this. */
export async function requireReader(c: Context<AppEnv>): Promise<Person> {
  return authenticatePerson(c, 'read', null)
}

/** Where the front page is for administrators only, so is everything behind it. */
async function refuseOutsiders(deps: Deps, person: Pick<Person, 'role'>): Promise<void> {
  if (person.role === 'administrator' || (await deps.door.policy()).frontPage !== 'administrators') return
  throw new AppError({
    code: 'administrators-only',
    status: 403,
    message: 'At the moment this is open to administrators only: ask one of them.',
  })
}

function isChange(c: Context<AppEnv>): boolean {
  return c.req.method !== 'GET' && c.req.method !== 'HEAD'
}

/** Another site's page must neither change anything nor open a WebSocket with a visitor's cookie. */
function refuseForeignOrigin(c: Context<AppEnv>): void {
  const origin = c.req.header('origin')
  if (!origin || (!isChange(c) && c.req.header('upgrade') === undefined)) return
  if (
    c
      .get('deps')
      .origins.allowed(c.req.header('host') ?? null)
      .includes(origin)
  )
    return
  throw new AppError({
    code: 'foreign-origin',
    status: 403,
    message: `Requests from ${origin.slice(0, 200)} are refused: it is not this server's public address (DRAGONFLY_PUBLIC_URL).`,
  })
}

/** Browsers name it with every change: what names none has no business with a cookie. */
function requireOrigin(c: Context<AppEnv>): void {
  if (c.req.header('origin')) return
  throw new AppError({
    code: 'origin-missing',
    status: 403,
    message: 'A change that is made with a session cookie has to name its Origin, as browsers do.',
  })
}

/** For what is no operation of the API: a page elsewhere signs nobody in or out. */
export function requireOwnOrigin() {
  return createMiddleware<AppEnv>((c, next) => {
    if (isChange(c)) requireOrigin(c)
    refuseForeignOrigin(c)
    return next()
  })
}

/** The person of a request on a route that is not public. */
export function personOf(c: Context<AppEnv>): Person {
  const person = c.get('person')
  if (!person) throw new Error(`no person on ${c.req.path}`)
  return person
}

/** The edge of a request on a route for edges. */
export function edgeOf(c: Context<AppEnv>): EdgeIdentity {
  const edge = c.get('edge')
  if (!edge) throw new Error(`no edge on ${c.req.path}`)
  return edge
}
