import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { clearEventLog } from '../bmcs/operations.ts'
import { getEventLog, getMachineSeries, getSensors, getSiteSeries, listDraws } from './read.ts'
import * as routes from './routes.ts'

export function mountMonitoring(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.getMachineSamples, async (c) => {
    const { range = 'day' } = c.req.valid('query')
    return c.json(await getMachineSeries(c.get('deps'), c.req.valid('param').machineId, range), 200)
  })
  app.openapi(routes.getSiteSamples, async (c) => {
    const { range = 'day', rackId } = c.req.valid('query')
    return c.json(await getSiteSeries(c.get('deps'), c.req.valid('param').siteId, range, rackId), 200)
  })
  app.openapi(routes.listSiteDraws, async (c) =>
    c.json({ items: await listDraws(c.get('deps'), personOf(c)) }, 200),
  )
  app.openapi(routes.getSensors, async (c) =>
    c.json(await getSensors(c.get('deps'), c.req.valid('param').machineId), 200),
  )
  app.openapi(routes.getBmcLog, async (c) =>
    c.json(await getEventLog(c.get('deps'), c.req.valid('param').machineId, c.req.valid('query')), 200),
  )
  app.openapi(routes.clearBmcLog, async (c) => {
    const { machineId } = c.req.valid('param')
    return c.json(await clearEventLog(c.get('deps'), personOf(c), machineId, c.get('safety')), 202)
  })
}
