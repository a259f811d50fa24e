import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import * as routes from './routes.ts'

export function mountPeople(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.getMe, (c) => c.json(personOf(c), 200))
}
