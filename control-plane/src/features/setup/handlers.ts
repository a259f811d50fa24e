import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import * as routes from './routes.ts'
import { createAdministrator, getSetup } from './service.ts'

export function mountSetup(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.getSetup, async (c) => c.json(await getSetup(c.get('deps')), 200))
  app.openapi(routes.createAdministrator, async (c) => {
    const input = c.req.valid('json')
    const { auth } = c.get('deps')
    const person = await createAdministrator(c.get('deps'), input)
    const signedIn = await auth.signIn(person.email, input.password, c.req.raw.headers)
    for (const cookie of signedIn.headers.getSetCookie()) c.header('set-cookie', cookie, { append: true })
    return c.json(person, 201)
  })
}
