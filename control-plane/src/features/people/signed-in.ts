import type { MeView } from '@dragonfly/schema/api'
import type { Context } from 'hono'
import type { AppEnv } from '../../deps.ts'
import { findPerson } from './find-person.ts'
import { renderMe } from './handlers.ts'

/** Signs a person in who was just made: sets the cookie, and answers who they are. */
export async function renderSignedIn(c: Context<AppEnv>, email: string, password: string): Promise<MeView> {
  const deps = c.get('deps')
  const signedIn = await deps.auth.signIn(email, password, c.req.raw.headers)
  const cookies = signedIn.headers.getSetCookie()
  for (const cookie of cookies) c.header('set-cookie', cookie, { append: true })
  const cookie = cookies.map((line) => line.split(';')[0]).join('; ')
  const person = await findPerson(deps, new Headers({ cookie }))
  if (!person) throw new Error(`${email} could not be signed in`)
  return renderMe(deps, person)
}
