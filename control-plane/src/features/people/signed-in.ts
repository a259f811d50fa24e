import type { MeView } from '@dragonfly/schema/api'
import type { Context } from 'hono'
import type { AppEnv } from '../../deps.ts'
import { clientAddressHeader } from './auth.ts'
import { findPerson } from './find-person.ts'
import { renderMe } from './handlers.ts'

/** Signs somebody in who has proven who they are: sets the cookie. False for somebody who is deactivated. */
export async function signInPerson(
  c: Context<AppEnv>,
  input: { userId: string; mfaVerifiedAt: number | null },
): Promise<MeView | null> {
  const deps = c.get('deps')
  const headers = new Headers(c.req.raw.headers)
  headers.delete('cookie')
  headers.delete(clientAddressHeader)
  const address = c.get('clientAddress')
  if (address) headers.set(clientAddressHeader, address)
  const cookies = await deps.auth.beginSession(input, headers)
  if (!cookies) return null
  for (const cookie of cookies) c.header('set-cookie', cookie, { append: true })
  const cookie = cookies.map((line) => line.split(';')[0]).join('; ')
  const person = await findPerson(deps, new Headers({ cookie }))
  if (!person) throw new Error(`the session of ${input.userId} did not begin`)
  // The audit log names who came in.
  c.set('person', person)
  return renderMe(deps, person)
}

/** The same for somebody who was just made. */
export async function renderSignedIn(
  c: Context<AppEnv>,
  input: { userId: string; mfaVerifiedAt: number | null },
): Promise<MeView> {
  const me = await signInPerson(c, input)
  if (!me) throw new Error(`${input.userId} could not be signed in`)
  return me
}
