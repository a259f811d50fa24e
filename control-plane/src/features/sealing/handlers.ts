import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { exportSealed } from './export.ts'
import { readEdgePasswords } from './readers.ts'
import { getSealingKeys } from './recipients.ts'
import { getRecoveryKey, replaceRecoveryKey } from './recovery-key.ts'
import * as routes from './routes.ts'
import { sharePasswords } from './share.ts'

export function mountSealing(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.getSealingKeys, async (c) =>
    c.json(await getSealingKeys(c.get('deps'), c.req.valid('param').siteId), 200),
  )
  app.openapi(routes.exportSealed, async (c) => c.json(await exportSealed(c.get('deps')), 200))
  app.openapi(routes.getRecoveryKey, async (c) => c.json(await getRecoveryKey(c.get('deps')), 200))
  app.openapi(routes.replaceRecoveryKey, async (c) =>
    c.json(await replaceRecoveryKey(c.get('deps'), personOf(c), c.req.valid('json')), 200),
  )
  app.openapi(routes.getEdgePasswords, async (c) =>
    c.json(await readEdgePasswords(c.get('deps'), c.req.valid('param').edgeId), 200),
  )
  app.openapi(routes.sharePasswords, async (c) => {
    const { fingerprint } = c.req.valid('json')
    return c.json(
      await sharePasswords(c.get('deps'), personOf(c), c.req.valid('param').edgeId, fingerprint),
      202,
    )
  })
}
