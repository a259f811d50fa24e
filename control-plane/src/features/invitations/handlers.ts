import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { renderSignedIn } from '../people/signed-in.ts'
import * as routes from './routes.ts'
import {
  acceptInvitation,
  beginInvitationPasskey,
  createInvitation,
  deleteInvitation,
  listInvitations,
  readInvitation,
} from './service.ts'

export function mountInvitations(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.listInvitations, async (c) =>
    c.json({ items: await listInvitations(c.get('deps')) }, 200),
  )
  app.openapi(routes.createInvitation, async (c) =>
    c.json(await createInvitation(c.get('deps'), personOf(c), c.req.valid('json')), 201),
  )
  app.openapi(routes.deleteInvitation, async (c) => {
    await deleteInvitation(c.get('deps'), c.req.valid('param').invitationId)
    return c.body(null, 204)
  })
  app.openapi(routes.readInvitation, async (c) =>
    c.json(await readInvitation(c.get('deps'), c.req.valid('json').token, c.get('clientAddress')), 200),
  )
  app.openapi(routes.acceptInvitation, async (c) => {
    const input = c.req.valid('json')
    const deps = c.get('deps')
    const { userId } = await acceptInvitation(deps, input, c.get('clientAddress'))
    const mfaVerifiedAt = input.passkey ? deps.clock() : null
    return c.json(await renderSignedIn(c, { userId, mfaVerifiedAt }), 201)
  })
  app.openapi(routes.beginInvitationPasskey, async (c) =>
    c.json(
      await beginInvitationPasskey(c.get('deps'), c.req.valid('json').token, c.get('clientAddress')),
      200,
    ),
  )
}
