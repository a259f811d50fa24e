import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import * as routes from './routes.ts'
import { addSshKeys, deleteSshKey, listSshKeys } from './service.ts'

export function mountSshKeys(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.listSshKeys, async (c) => c.json({ items: await listSshKeys(c.get('deps')) }, 200))
  app.openapi(routes.addSshKeys, async (c) =>
    c.json({ items: await addSshKeys(c.get('deps'), c.req.valid('json')) }, 201),
  )
  app.openapi(routes.deleteSshKey, async (c) => {
    await deleteSshKey(c.get('deps'), c.req.valid('param').keyId)
    return c.body(null, 204)
  })
}
