import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import * as routes from './routes.ts'
import { getSigningKey, replaceSigningKey } from './service.ts'

export function mountSigningKey(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.getSigningKey, async (c) => c.json(await getSigningKey(c.get('deps')), 200))
  app.openapi(routes.replaceSigningKey, async (c) =>
    c.json(await replaceSigningKey(c.get('deps'), c.req.valid('json')), 200),
  )
}
