import { createMiddleware } from 'hono/factory'
import type { DeclaredRoute } from './access.ts'
import type { AppEnv } from './deps.ts'
import { authRouteOf } from './features/people/auth-gate.ts'
import { createCode } from './ids.ts'
import { createRouteTable } from './route-table.ts'

const requestIdHeader = 'x-request-id'
/** What a proxy in front has given; anything else is not copied into logs. */
const bearableId = /^[\w.:@+-]{4,64}$/
/** Asked every few seconds by who keeps the program running, or fetched by every page. */
const unremarkable = /^\/(healthz|readyz)$/

/**
 * Gives each request an id, by which everything that is logged for it, the answer's header and a problem's body speak of
 * it; and logs a line for each. A line names the route, never the address itself: links and redirects carry secrets.
 */
export function logRequests(routes: readonly DeclaredRoute[]) {
  const find = createRouteTable(routes)
  return createMiddleware<AppEnv>(async (c, next) => {
    const { log, withLogFields } = c.get('deps')
    const given = c.req.header(requestIdHeader)
    const requestId = given && bearableId.test(given) ? given : createCode(3)
    c.set('requestId', requestId)
    const startedAt = performance.now()
    await withLogFields({ requestId }, next)
    c.res.headers.set(requestIdHeader, requestId)
    const { method, path } = c.req
    const { status } = c.res
    const found = find(method, path)
    const route = found?.route.path ?? authRouteOf(method, path) ?? unroutedNameOf(path)
    const fields = {
      requestId,
      method,
      route,
      status,
      durationMs: Math.round((performance.now() - startedAt) * 10) / 10,
      operation: found?.route.operationId,
      problem: c.res.headers.get('x-dragonfly-problem'),
      userId: c.get('person')?.userId,
      ...c.get('edge'),
      ...found?.targets,
      clientAddress: c.get('clientAddress'),
    }
    const isApi = path.startsWith('/api/')
    const level =
      status >= 500 && !unremarkable.test(path) ? 'error' : isApi || status >= 400 ? 'info' : 'debug'
    log[unremarkable.test(path) ? 'debug' : level](`${method} ${route} ${status}`, fields)
  })
}

/** What is no operation: the few names that there are, and of the rest only that it was one of the portal's. */
function unroutedNameOf(path: string): string {
  if (path.startsWith('/api/')) return '/api/*'
  return /^\/(healthz|readyz|metrics|openapi\.json)$/.test(path) ? path : '/*'
}
