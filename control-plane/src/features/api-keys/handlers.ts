import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import * as routes from './routes.ts'
import { createApiKey, deleteApiKey, listApiKeys } from './service.ts'

export function mountApiKeys(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.listApiKeys, async (c) =>
    c.json({ items: await listApiKeys(c.get('deps'), personOf(c).userId) }, 200),
  )
  app.openapi(routes.createApiKey, async (c) =>
    c.json(await createApiKey(c.get('deps'), personOf(c), c.req.valid('json')), 201),
  )
  app.openapi(routes.deleteApiKey, async (c) => {
    await deleteApiKey(c.get('deps'), personOf(c).userId, c.req.valid('param').keyId)
    return c.body(null, 204)
  })
}
