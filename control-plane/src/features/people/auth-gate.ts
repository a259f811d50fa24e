import type { Context } from 'hono'
import { z } from 'zod'
import type { AppEnv } from '../../deps.ts'
import { invalid, notFound } from '../../errors.ts'
import { requireFreshFactor } from '../../require-step-up.ts'
import { addressBlock, tooManyTries } from '../../tries.ts'
import { clientAddressHeader } from './auth.ts'
import { findPerson } from './find-person.ts'
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

/** The address of one of them, which holds nothing but names; null for any other. */
export function authRouteOf(method: string, path: string): string | null {
  return path.startsWith('/api/auth/') && openPaths.has(`${method} ${path.slice('/api/auth'.length)}`)
    ? path
    : null
}

const signInSchema = z.object({ email: z.string().trim().max(254), password: z.string().max(256) })

/** What takes a code, or a password besides the session's cookie. */
const guessable = /^\/(two-factor\/|change-password)/
/** What weakens the second factor asks for a fresh one. */
const factorPaths = new Set(['/two-factor/disable', '/two-factor/generate-backup-codes'])

const minuteMs = 60_000

/** Hands a request to better-auth, which looks after cookies; origins and tries are looked after here. */
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
  if (guessable.test(path)) await limitGuesses(c, before?.userId ?? null)
  if (before && factorPaths.has(path)) {
    const person = await findPerson(deps, headers)
    if (person) await requireFreshFactor(deps, person)
  }
  const request =
    path === '/sign-in/email'
      ? new Request(c.req.url, { method: 'POST', headers, body: await readSignIn(c) })
      : new Request(c.req.raw, { headers })
  const answer = await deps.auth.handle(request)
  if (before && answer.ok) publishPerson(deps, before.userId)
  return answer
}

/** Codes and passwords that are tried with a session, or half of one. */
async function limitGuesses(c: Context<AppEnv>, userId: string | null): Promise<void> {
  const isBearable = await c
    .get('deps')
    .tries.take(
      { key: `codes from ${addressBlock(c.get('clientAddress'))}`, most: 20, windowMs: minuteMs },
      ...(userId === null ? [] : [{ key: `codes of ${userId}`, most: 15, windowMs: 15 * minuteMs }]),
    )
  if (!isBearable) throw tooManyTries('Too many tries: wait a quarter of an hour, then try again.')
}

/**
 * E-mail address and password go on, and nothing else: no address to be sent to afterwards. Tries are counted
 * by address, by account (against many addresses), and altogether (against both being many).
 */
async function readSignIn(c: Context<AppEnv>): Promise<string> {
  const parsed = signInSchema.safeParse(await c.req.raw.json().catch(() => null))
  if (!parsed.success)
    throw invalid([{ path: 'email', message: 'An e-mail address and a password are wanted.' }])
  const { email, password } = parsed.data
  const { tries } = c.get('deps')
  const from = `sign-in from ${addressBlock(c.get('clientAddress'))}`
  if (!(await tries.take({ key: from, most: 10, windowMs: minuteMs })))
    throw tooManyTries('Too many tries from your address: wait a minute, then try again.')
  const at = `sign-in at ${email.toLowerCase()}`
  if (!(await tries.take({ key: at, most: 20, windowMs: 5 * minuteMs })))
    throw tooManyTries('Too many tries with this e-mail address: wait five minutes, then try again.')
  if (!(await tries.take({ key: 'sign-in', most: 600, windowMs: 5 * minuteMs })))
    throw tooManyTries('Too many people try passwords at the moment: use a passkey, or wait five minutes.')
  return JSON.stringify({ email, password })
}
