import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { renderSignedIn } from '../people/signed-in.ts'
import * as routes from './routes.ts'
import { createAdministrator, getSetup } from './service.ts'

export function mountSetup(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.getSetup, async (c) => c.json(await getSetup(c.get('deps')), 200))
  app.openapi(routes.createAdministrator, async (c) => {
    const input = c.req.valid('json')
    const { email } = await createAdministrator(c.get('deps'), input)
    return c.json(await renderSignedIn(c, email, input.password), 201)
  })
}
