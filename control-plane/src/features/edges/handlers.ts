import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { notFound } from '../../errors.ts'
import { maySeeSite } from '../people/site-limits.ts'
import { listLeases } from './leases.ts'
import { requestEdgeKey } from './request-key.ts'
import * as routes from './routes.ts'
import { getEdge, listEdges, observeDhcp, revokeEdge, updateEdge } from './service.ts'
import { requestEdgeUpdate, withdrawEdgeUpdate } from './update.ts'

export function mountEdges(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.listEdges, async (c) => {
    const edges = await listEdges(c.get('deps'), c.req.valid('query'))
    return c.json({ items: edges.filter(({ siteId }) => maySeeSite(personOf(c), siteId)) }, 200)
  })
  app.openapi(routes.updateEdge, async (c) =>
    c.json(await updateEdge(c.get('deps'), c.req.valid('param').edgeId, c.req.valid('json').interfaces), 200),
  )
  app.openapi(routes.listEdgeLeases, async (c) => {
    const edge = await getEdge(c.get('deps'), c.req.valid('param').edgeId)
    if (!maySeeSite(personOf(c), edge.siteId)) throw notFound('edge')
    return c.json({ items: await listLeases(c.get('deps'), edge) }, 200)
  })
  app.openapi(routes.observeDhcp, async (c) => {
    await observeDhcp(c.get('deps'), c.req.valid('param').edgeId)
    return c.body(null, 202)
  })
  app.openapi(routes.requestEdgeUpdate, async (c) =>
    c.json(await requestEdgeUpdate(c.get('deps'), c.req.valid('param').edgeId), 200),
  )
  app.openapi(routes.withdrawEdgeUpdate, async (c) =>
    c.json(await withdrawEdgeUpdate(c.get('deps'), c.req.valid('param').edgeId), 200),
  )
  app.openapi(routes.requestEdgeKey, async (c) =>
    c.json(await requestEdgeKey(c.get('deps'), c.req.valid('param').edgeId), 200),
  )
  app.openapi(routes.revokeEdge, async (c) => {
    await revokeEdge(c.get('deps'), c.req.valid('param').edgeId)
    return c.body(null, 204)
  })
}
