import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { AppEnv } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { AppError } from '../../errors.ts'
import { addressBlock, tooManyTries } from '../../tries.ts'
import { signInPerson } from '../people/signed-in.ts'
import { createRecoveryCodes, takeRecoveryCode } from './recovery-codes.ts'
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
  app.openapi(routes.createRecoveryCodes, async (c) =>
    c.json({ codes: await createRecoveryCodes(c.get('deps'), personOf(c)) }, 201),
  )
  app.openapi(routes.recoverySignIn, async (c) => {
    const input = c.req.valid('json')
    await limitCodes(c, input.email)
    const userId = await takeRecoveryCode(c.get('deps'), input)
    const mfaVerifiedAt = c.get('deps').clock()
    const me = userId === null ? null : await signInPerson(c, { userId, mfaVerifiedAt })
    if (!me) throw wrongCode()
    return c.json(me, 200)
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

/** By address, by account, and altogether, as for passwords. */
async function limitCodes(c: Context<AppEnv>, email: string): Promise<void> {
  const isBearable = await c
    .get('deps')
    .tries.take(
      { key: `recovery from ${addressBlock(c.get('clientAddress'))}`, most: 10, windowMs: 60_000 },
      { key: `recovery at ${email.toLowerCase()}`, most: 20, windowMs: 5 * 60_000 },
      { key: 'recovery', most: 300, windowMs: 5 * 60_000 },
    )
  if (!isBearable) throw tooManyTries('Too many tries: wait five minutes, then try again.')
}

function wrongCode(): AppError {
  return new AppError({
    code: 'recovery-refused',
    status: 401,
    message:
      'That does not open an account. Each code works once; an account that has a password wants it, too.',
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
