import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import * as routes from './routes.ts'
import { cancelScan, getScan, startScan } from './service.ts'

export function mountBmcScans(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.startBmcScan, async (c) => {
    const { siteId } = c.req.valid('param')
    return c.json(await startScan(c.get('deps'), personOf(c), siteId, c.req.valid('json')), 202)
  })
  app.openapi(routes.getBmcScan, async (c) =>
    c.json({ scan: await getScan(c.get('deps'), c.req.valid('param').siteId) }, 200),
  )
  app.openapi(routes.cancelBmcScan, async (c) =>
    c.json(await cancelScan(c.get('deps'), c.req.valid('param').siteId), 200),
  )
}
