import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import * as routes from './routes.ts'
import { createTemplate, deleteTemplate, getTemplate, listTemplates } from './service.ts'

export function mountTemplates(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.listTemplates, async (c) => c.json({ items: await listTemplates(c.get('deps')) }, 200))
  app.openapi(routes.createTemplate, async (c) =>
    c.json(await createTemplate(c.get('deps'), c.req.valid('json').yaml), 201),
  )
  app.openapi(routes.getTemplate, async (c) =>
    c.json(await getTemplate(c.get('deps'), c.req.valid('param').templateId), 200),
  )
  app.openapi(routes.deleteTemplate, async (c) => {
    await deleteTemplate(c.get('deps'), c.req.valid('param').templateId)
    return c.body(null, 204)
  })
}
