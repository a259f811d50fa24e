import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { exportAudit, listAudit, verifyAudit } from './read.ts'
import * as routes from './routes.ts'

export function mountAudit(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.listAudit, async (c) =>
    c.json(await listAudit(c.get('deps').db, c.req.valid('query')), 200),
  )
  app.openapi(
    routes.exportAudit,
    (c) =>
      new Response(exportAudit(c.get('deps').db, c.req.valid('query')), {
        headers: {
          'content-type': 'application/jsonl',
          'content-disposition': 'attachment; filename="dragonfly-audit.jsonl"',
          'cache-control': 'no-store',
        },
      }),
  )
  app.openapi(routes.verifyAudit, async (c) => c.json(await verifyAudit(c.get('deps').db), 200))
}
