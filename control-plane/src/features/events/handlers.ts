import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { requireUpgrade } from '../../sockets.ts'
import { openEvents } from './routes.ts'

export function mountEvents(app: OpenAPIHono<AppEnv>): void {
  app.get(openEvents.path, (c) => requireUpgrade(c).openEvents(c, personOf(c)))
}
