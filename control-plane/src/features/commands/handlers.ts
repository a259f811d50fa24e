import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import * as routes from './routes.ts'
import { confirmCommand, getCommand, listCommands } from './service.ts'

export function mountCommands(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.listCommands, async (c) =>
    c.json({ items: await listCommands(c.get('deps'), c.req.valid('query'), personOf(c).siteIds) }, 200),
  )
  app.openapi(routes.getCommand, async (c) =>
    c.json(await getCommand(c.get('deps'), c.req.valid('param').commandId), 200),
  )
  app.openapi(routes.confirmCommand, async (c) =>
    c.json(await confirmCommand(c.get('deps'), personOf(c), c.req.valid('param').commandId), 200),
  )
}
