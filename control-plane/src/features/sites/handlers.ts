import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { releaseQueue } from '../deployments/queue.ts'
import { maySeeSite } from '../people/site-limits.ts'
import * as routes from './routes.ts'
import { createEnrolmentToken, createSite, deleteSite, getSite, listSites, updateSite } from './service.ts'

export function mountSites(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.listSites, async (c) => {
    const sites = await listSites(c.get('deps'))
    return c.json({ items: sites.filter(({ siteId }) => maySeeSite(personOf(c), siteId)) }, 200)
  })
  app.openapi(routes.createSite, async (c) =>
    c.json(await createSite(c.get('deps'), c.req.valid('json')), 201),
  )
  app.openapi(routes.getSite, async (c) =>
    c.json(await getSite(c.get('deps'), c.req.valid('param').siteId), 200),
  )
  app.openapi(routes.updateSite, async (c) => {
    const { siteId } = c.req.valid('param')
    const site = await updateSite(c.get('deps'), siteId, c.req.valid('json'))
    // There may be more room now.
    await releaseQueue(c.get('deps'), siteId)
    return c.json(site, 200)
  })
  app.openapi(routes.deleteSite, async (c) => {
    await deleteSite(c.get('deps'), c.req.valid('param').siteId)
    return c.body(null, 204)
  })
  app.openapi(routes.createEnrolmentToken, async (c) =>
    c.json(await createEnrolmentToken(c.get('deps'), c.req.valid('param').siteId), 201),
  )
}
