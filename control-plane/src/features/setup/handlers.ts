import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { renderSignedIn } from '../people/signed-in.ts'
import { readSetupProgress, renameOrganisation, updateSetupProgress } from './progress.ts'
import * as routes from './routes.ts'
import { beginSetupPasskey, createAdministrator, getSetup } from './service.ts'

export function mountSetup(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.getSetup, async (c) => c.json(await getSetup(c.get('deps')), 200))
  app.openapi(routes.createAdministrator, async (c) => {
    const input = c.req.valid('json')
    const deps = c.get('deps')
    const { userId } = await createAdministrator(deps, input, c.get('clientAddress'))
    const mfaVerifiedAt = input.passkey ? deps.clock() : null
    return c.json(await renderSignedIn(c, { userId, mfaVerifiedAt }), 201)
  })
  app.openapi(routes.getSetupProgress, async (c) => c.json(await readSetupProgress(c.get('deps')), 200))
  app.openapi(routes.updateSetupProgress, async (c) =>
    c.json(await updateSetupProgress(c.get('deps'), c.req.valid('json')), 200),
  )
  app.openapi(routes.renameOrganisation, async (c) =>
    c.json(await renameOrganisation(c.get('deps'), c.req.valid('json').name), 200),
  )
  app.openapi(routes.beginSetupPasskey, async (c) =>
    c.json(await beginSetupPasskey(c.get('deps'), c.req.valid('json'), c.get('clientAddress')), 200),
  )
}
