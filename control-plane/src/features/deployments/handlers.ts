import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { abortDeployment } from './abort.ts'
import { createDeployment } from './create.ts'
import { getDeployment, listDeployments } from './read.ts'
import * as routes from './routes.ts'

export function mountDeployments(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.listDeployments, async (c) =>
    c.json({ items: await listDeployments(c.get('deps'), c.req.valid('query')) }, 200),
  )
  app.openapi(routes.createDeployment, async (c) =>
    c.json(await createDeployment(c.get('deps'), personOf(c), c.req.valid('json'), c.get('safety')), 201),
  )
  app.openapi(routes.getDeployment, async (c) =>
    c.json(await getDeployment(c.get('deps'), c.req.valid('param').deploymentId), 200),
  )
  app.openapi(routes.abortDeployment, async (c) => {
    const { view, confirmed } = await abortDeployment(c.get('deps'), c.req.valid('param').deploymentId)
    return c.json(view, confirmed ? 200 : 202)
  })
}
