import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { addressBlock, tooManyTries } from '../../tries.ts'
import { signInPerson } from '../people/signed-in.ts'
import * as routes from './routes.ts'
import {
  beginOwnPasskey,
  beginPasskeySignIn,
  beginStepUp,
  createOwnPasskey,
  deletePasskey,
  endPasskeySignIn,
  endStepUp,
  listPasskeys,
  renamePasskey,
  unknownPasskey,
} from './service.ts'

export function mountPasskeys(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.listPasskeys, async (c) =>
    c.json({ items: await listPasskeys(c.get('deps'), personOf(c).userId) }, 200),
  )
  app.openapi(routes.beginPasskey, async (c) => {
    const deps = c.get('deps')
    const startedAt = (await deps.auth.session(c.req.raw.headers))?.startedAt ?? 0
    const { password } = c.req.valid('json')
    return c.json(await beginOwnPasskey(deps, personOf(c), { password, startedAt }), 200)
  })
  app.openapi(routes.createPasskey, async (c) =>
    c.json(await createOwnPasskey(c.get('deps'), personOf(c), c.req.valid('json')), 201),
  )
  app.openapi(routes.updatePasskey, async (c) => {
    const { passkeyId } = c.req.valid('param')
    const { name } = c.req.valid('json')
    return c.json(await renamePasskey(c.get('deps'), personOf(c).userId, passkeyId, name), 200)
  })
  app.openapi(routes.deletePasskey, async (c) => {
    await deletePasskey(c.get('deps'), personOf(c), c.req.valid('param').passkeyId)
    return c.body(null, 204)
  })
  app.openapi(routes.beginStepUp, async (c) => c.json(await beginStepUp(c.get('deps'), personOf(c)), 200))
  app.openapi(routes.stepUp, async (c) => {
    await endStepUp(c.get('deps'), personOf(c), c.req.valid('json').passkey)
    return c.body(null, 204)
  })
  app.openapi(routes.beginPasskeySignIn, async (c) => {
    await limitSignIns(c)
    return c.json(await beginPasskeySignIn(c.get('deps')), 200)
  })
  app.openapi(routes.passkeySignIn, async (c) => {
    await limitSignIns(c)
    const userId = await endPasskeySignIn(c.get('deps'), c.req.valid('json').passkey)
    const mfaVerifiedAt = c.get('deps').clock()
    const me = userId === null ? null : await signInPerson(c, { userId, mfaVerifiedAt })
    if (!me) throw unknownPasskey()
    return c.json(me, 200)
  })
}

/** Each step writes a row: from one address, and from all of them, there are only so many. */
async function limitSignIns(c: Context<AppEnv>): Promise<void> {
  const windowMs = 60_000
  const isBearable = await c
    .get('deps')
    .tries.take(
      { key: `passkeys from ${addressBlock(c.get('clientAddress'))}`, most: 60, windowMs },
      { key: 'passkeys', most: 1200, windowMs },
    )
  if (!isBearable) throw tooManyTries('Too many sign-ins at the moment: wait a minute, then try again.')
}
