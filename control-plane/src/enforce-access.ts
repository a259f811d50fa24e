import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import { TrieRouter } from 'hono/router/trie-router'
import type { Access, DeclaredRoute } from './access.ts'
import type { AppEnv, EdgeIdentity, Person } from './deps.ts'
import { AppError, notFound } from './errors.ts'
import { authenticateEdge } from './features/edge-api/edge-token.ts'

/**
 * Looks up an operation's access by method and path. What is not declared is not reachable: the answer
 * is null, and the middleware says 404.
 */
function createAccessTable(routes: readonly DeclaredRoute[]) {
  const router = new TrieRouter<Access>()
  for (const route of routes) {
    router.add(route.method.toUpperCase(), route.path.replaceAll(/\{(.+?)\}/g, ':$1'), route['x-access'])
  }
  return (method: string, path: string): Access | null =>
    router.match(method === 'HEAD' ? 'GET' : method, path)[0][0]?.[0] ?? null
}

/** The one place where it is enforced who may call what. */
export function enforceAccess(routes: readonly DeclaredRoute[]) {
  const find = createAccessTable(routes)
  return createMiddleware<AppEnv>(async (c, next) => {
    const access = find(c.req.method, c.req.path)
    if (access === null) throw notFound('address in the API')
    checkOrigin(c)
    if (access === 'edge') {
      c.set('edge', await authenticateEdge(c.get('deps'), c.req.header('authorization')))
    } else if (access !== 'public') {
      c.set('person', await authenticatePerson(c, access))
    }
    await next()
  })
}

async function authenticatePerson(
  c: Context<AppEnv>,
  access: 'signed-in' | 'administrator',
): Promise<Person> {
  const person = await c.get('deps').auth.person(c.req.raw.headers)
  if (!person) throw new AppError({ code: 'signed-out', status: 401, message: 'Sign in first.' })
  // Before the refusals below: the audit log names who was refused.
  c.set('person', person)
  if (isChange(c) && !c.req.header('origin')) {
    throw new AppError({
      code: 'origin-missing',
      status: 403,
      message: 'A change that is made with a session cookie has to name its Origin, as browsers do.',
    })
  }
  if (access === 'administrator' && person.role !== 'administrator') {
    throw new AppError({ code: 'forbidden', status: 403, message: 'Only an administrator may do this.' })
  }
  if (person.role === 'viewer' && isChange(c)) {
    throw new AppError({
      code: 'forbidden',
      status: 403,
      message: 'You may look at everything, and change nothing.',
    })
  }
  return person
}

function isChange(c: Context<AppEnv>): boolean {
  return c.req.method !== 'GET' && c.req.method !== 'HEAD'
}

/** Another site's page must neither change anything nor open a WebSocket with a visitor's cookie. */
function checkOrigin(c: Context<AppEnv>): void {
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
