import type { Context } from 'hono'
import { z } from 'zod'
import type { AppEnv } from '../../deps.ts'
import { AppError, invalid, notFound } from '../../errors.ts'
import { clientAddressHeader } from './auth.ts'
import { publishPerson } from './users.ts'

/** What of better-auth is open. Everything else that it could do, such as changing one's own record, is not there. */
const openPaths = new Set([
  'GET /get-session',
  'POST /sign-in/email',
  'POST /sign-out',
  'POST /change-password',
  'POST /two-factor/enable',
  'POST /two-factor/disable',
  'POST /two-factor/verify-totp',
  'POST /two-factor/verify-backup-code',
  'POST /two-factor/generate-backup-codes',
])

const signInSchema = z.object({ email: z.string().trim().max(254), password: z.string().max(256) })

/** Against spraying from many addresses, each of which stays below better-auth's own limit. */
const triesPerAccount = 20
const accountWindowMs = 5 * 60_000

/** Hands a request to better-auth, which looks after its own origins, rate limits and cookies. */
export async function handleAuth(c: Context<AppEnv>): Promise<Response> {
  const deps = c.get('deps')
  const path = c.req.path.slice('/api/auth'.length)
  if (!openPaths.has(`${c.req.method} ${path}`)) throw notFound('address in the API')
  const headers = new Headers(c.req.raw.headers)
  headers.delete(clientAddressHeader)
  headers.delete('content-length')
  const address = c.get('clientAddress')
  if (address) headers.set(clientAddressHeader, address)
  const before = c.req.method === 'POST' ? await deps.auth.session(headers) : null
  const request =
    path === '/sign-in/email'
      ? new Request(c.req.url, { method: 'POST', headers, body: await readSignIn(c) })
      : new Request(c.req.raw, { headers })
  const answer = await deps.auth.handle(request)
  if (before && answer.ok) publishPerson(deps, before.userId)
  return answer
}

/** E-mail address and password go on, and nothing else: no address to be sent to afterwards. */
async function readSignIn(c: Context<AppEnv>): Promise<string> {
  const parsed = signInSchema.safeParse(await c.req.raw.json().catch(() => null))
  if (!parsed.success)
    throw invalid([{ path: 'email', message: 'An e-mail address and a password are wanted.' }])
  const { email, password } = parsed.data
  const account = `sign-in ${email.toLowerCase()}`
  if (!c.get('deps').limiter.take(account, triesPerAccount, accountWindowMs)) {
    throw new AppError({
      code: 'too-many-tries',
      status: 429,
      message: 'Too many tries with this e-mail address: wait five minutes, then try again.',
    })
  }
  return JSON.stringify({ email, password })
}
