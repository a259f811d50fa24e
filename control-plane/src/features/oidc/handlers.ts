import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { AppEnv } from '../../deps.ts'
import { AppError } from '../../errors.ts'
import { addressBlock, tooManyTries } from '../../tries.ts'
import { signInPerson } from '../people/signed-in.ts'
import * as routes from './routes.ts'
import { deleteOidc, getOidc, setOidc } from './settings.ts'
import { beginProviderSignIn, endProviderSignIn } from './sign-in.ts'

const cookieName = 'dragonfly.provider'
const cookiePath = '/api/v1/provider-sign-in'

export function mountOidc(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.getOidc, async (c) => c.json(await getOidc(c.get('deps')), 200))
  app.openapi(routes.setOidc, async (c) => c.json(await setOidc(c.get('deps'), c.req.valid('json')), 200))
  app.openapi(routes.deleteOidc, async (c) => {
    await deleteOidc(c.get('deps'))
    return c.body(null, 204)
  })
  app.openapi(routes.beginProviderSignIn, async (c) => {
    await limitSignIns(c)
    const { url, browser } = await beginProviderSignIn(c.get('deps'))
    setCookie(c, cookieName, browser, {
      httpOnly: true,
      sameSite: 'Lax',
      secure: c.get('deps').publicUrl.startsWith('https:'),
      path: cookiePath,
      maxAge: 300,
    })
    return c.json({ url }, 200)
  })
  app.openapi(routes.providerSignIn, async (c) => {
    await limitSignIns(c)
    const browser = getCookie(c, cookieName) ?? null
    deleteCookie(c, cookieName, { path: cookiePath })
    const { query } = c.req.valid('json')
    const me = await signInPerson(c, await endProviderSignIn(c.get('deps'), { query, browser }))
    if (me) return c.json(me, 200)
    throw new AppError({
      code: 'deactivated',
      status: 401,
      message: 'Your account here is closed: ask an administrator.',
    })
  })
}

/** Each step asks the provider, which is somebody else’s machine. */
async function limitSignIns(c: Context<AppEnv>): Promise<void> {
  const windowMs = 60_000
  const isBearable = await c
    .get('deps')
    .tries.take(
      { key: `provider from ${addressBlock(c.get('clientAddress'))}`, most: 20, windowMs },
      { key: 'provider', most: 600, windowMs },
    )
  if (!isBearable) throw tooManyTries('Too many sign-ins at the moment: wait a minute, then try again.')
}
