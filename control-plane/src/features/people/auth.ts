import { account, passkeys, session, twoFactor, user, verification } from '@dragonfly/schema/db'
import type { Log } from '@dragonfly/schema/log'
import { type BetterAuthPlugin, betterAuth } from 'better-auth'
import { drizzleAdapter } from 'better-auth/adapters/drizzle'
import { APIError, createAuthEndpoint, createAuthMiddleware, getSessionFromCtx } from 'better-auth/api'
import { deleteSessionCookie, setSessionCookie } from 'better-auth/cookies'
import { twoFactor as twoFactorPlugin } from 'better-auth/plugins'
import { eq } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../../database.ts'
import type { OriginPolicy } from '../../origin.ts'
import type { Clock, PasswordHasher, ReplayGuard } from '../../ports/index.ts'

/** The header in which the app tells better-auth who is calling; a client's own is overwritten. */
export const clientAddressHeader = 'x-dragonfly-client-address'

interface FoundSession {
  userId: string
  sessionId: string
  startedAt: number
  /** When a second factor, or a passkey, was last given in this session; null: never. */
  mfaVerifiedAt: number | null
}

export interface Auth {
  /** Once it is, no call waits for what another one began. */
  ready(): Promise<void>
  /** /api/auth/*: sign-in, sign-out, session. */
  handle(request: Request): Promise<Response>
  /** Everything that better-auth could answer, as `GET /get-session`; what of it is open is decided elsewhere. */
  endpoints(): string[]
  /** Whose session the cookie names. */
  session(headers: Headers): Promise<FoundSession | null>
  /** Begins a session for somebody who has proven themselves; answers its cookies. Null for the deactivated. */
  beginSession(
    input: { userId: string; mfaVerifiedAt: number | null },
    headers: Headers,
  ): Promise<string[] | null>
  noteSecondFactor(sessionId: string, at: number): Promise<void>
  hashPassword(password: string): Promise<string>
  /** False also for somebody who has no password. */
  verifyPassword(userId: string, password: string): Promise<boolean>
}

export interface AuthOptions {
  db: Database
  origins: OriginPolicy
  hasher: PasswordHasher
  publicUrl: string
  /** Signs the session cookies. */
  secret: string
  clock: Clock
  /** Remembers the codes that were used: each opens the door once (RFC 6238 section 5.2). */
  replay: ReplayGuard
  log: Log
}

export function createAuth(options: AuthOptions): Auth {
  const auth = createBetterAuth(options)
  const { db, hasher } = options
  return {
    ready: async () => void (await auth.$context),
    handle: (request) => auth.handler(request),
    endpoints: () =>
      Object.values(auth.api).flatMap(({ path, options: { method } }) =>
        path ? [method ?? []].flat().map((name) => `${name} ${path}`) : [],
      ),
    async session(headers) {
      const found = await auth.api.getSession({ headers })
      if (!found) return null
      return {
        userId: found.user.id,
        sessionId: found.session.id,
        startedAt: found.session.createdAt.getTime(),
        mfaVerifiedAt: found.session.mfaVerifiedAt ?? null,
      }
    },
    async beginSession(body, headers) {
      const answer = await auth.api.beginSession({ body, headers, asResponse: true })
      return answer.ok ? answer.headers.getSetCookie() : null
    },
    async noteSecondFactor(sessionId, at) {
      await db.update(session).set({ mfaVerifiedAt: at }).where(eq(session.id, sessionId))
    },
    hashPassword: (password) => hasher.hash(password),
    async verifyPassword(userId, password) {
      const rows = await db.select().from(account).where(eq(account.userId, userId))
      const hash = rows.find((row) => row.providerId === 'credential')?.password
      return hash ? hasher.verify({ hash, password }) : false
    },
  }
}

function createBetterAuth(options: AuthOptions) {
  const { db, origins, hasher, publicUrl, secret } = options
  return betterAuth({
    appName: 'Dragonfly',
    baseURL: new URL(publicUrl).origin,
    basePath: '/api/auth',
    secret,
    trustedOrigins: (request) => origins.allowed(request?.headers.get('host') ?? null),
    database: drizzleAdapter(db, {
      provider: 'sqlite',
      schema: { user, session, account, verification, twoFactor },
      transaction: false,
    }),
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: 12,
      maxPasswordLength: 256,
      password: hasher,
    },
    user: {
      additionalFields: {
        role: { type: 'string', required: false, defaultValue: 'viewer', input: false },
        siteLimited: { type: 'boolean', required: false, defaultValue: false, input: false },
      },
    },
    databaseHooks: { session: { create: { before: (draft) => refuseDeactivated(db, draft.userId) } } },
    hooks: { after: lookAfterFactors(options) },
    plugins: [twoFactorPlugin({ issuer: 'Dragonfly', twoFactorCookieMaxAge: 300 }), sessionBeginner],
    session: {
      expiresIn: 60 * 60 * 24 * 14,
      updateAge: 60 * 60 * 24,
      additionalFields: { mfaVerifiedAt: { type: 'number', required: false, input: false } },
    },
    // Tries are counted in front of it, in the database.
    rateLimit: { enabled: false },
    advanced: {
      cookiePrefix: 'dragonfly',
      useSecureCookies: publicUrl.startsWith('https:'),
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax' },
      ipAddress: { ipAddressHeaders: [clientAddressHeader] },
    },
    telemetry: { enabled: false },
    logger: {
      level: 'error',
      log: (_level, message, ...details: unknown[]) =>
        options.log.error(`signing in: ${message}`, { error: details.find((part) => part instanceof Error) }),
    },
  })
}

/** Sessions for those who come by a passkey, an invitation or another provider; never reachable from outside. */
const sessionBeginner = {
  id: 'dragonfly-sessions',
  endpoints: {
    beginSession: createAuthEndpoint.serverOnly(
      { method: 'POST', body: z.object({ userId: z.string(), mfaVerifiedAt: z.number().nullable() }) },
      async (ctx) => {
        const { internalAdapter } = ctx.context
        const { userId, mfaVerifiedAt } = ctx.body
        const found = await internalAdapter.findUserById(userId)
        if (!found) throw new APIError('UNAUTHORIZED')
        const begun = await internalAdapter.createSession(userId, false, { mfaVerifiedAt })
        await setSessionCookie(ctx, { session: begun, user: found })
        return ctx.json({ sessionId: begun.id })
      },
    ),
  },
} satisfies BetterAuthPlugin

/** The answer is the one to a wrong password: whether an account exists is nobody's business. */
async function refuseDeactivated(db: Database, userId: string): Promise<void> {
  const [row] = await db.select({ deactivatedAt: user.deactivatedAt }).from(user).where(eq(user.id, userId))
  if (row && row.deactivatedAt === null) return
  throw new APIError('UNAUTHORIZED', {
    code: 'INVALID_EMAIL_OR_PASSWORD',
    message: 'Invalid email or password',
  })
}

/** A code is good for three steps of half a minute. */
const codeLifetimeMs = 120_000
const codePaths = ['/two-factor/verify-totp', '/two-factor/verify-backup-code']

function lookAfterFactors({ db, clock, replay }: AuthOptions) {
  return createAuthMiddleware(async (ctx) => {
    const { newSession: begun, returned, internalAdapter } = ctx.context
    if (ctx.path === '/sign-in/email' && begun && !begun.user.twoFactorEnabled) {
      // Somebody whose only second factor is a passkey goes on with that: the password alone opens nothing.
      const [own] = await db.select().from(passkeys).where(eq(passkeys.userId, begun.user.id)).limit(1)
      if (!own) return
      deleteSessionCookie(ctx, true)
      await internalAdapter.deleteSession(begun.session.token)
      ctx.context.setNewSession(null)
      return ctx.json({ twoFactorRedirect: true, twoFactorMethods: ['passkey'] })
    }
    if (!codePaths.includes(ctx.path) || returned instanceof APIError) return
    const current = begun ?? (await getSessionFromCtx(ctx))
    if (!current) return
    if (ctx.path === '/two-factor/verify-totp') {
      // better-auth takes a code as often as it comes; here, the session that a second use began is ended at once.
      const key = `totp ${current.user.id} ${String(ctx.body?.code)}`
      if (!(await replay.take(key, clock() + codeLifetimeMs))) {
        if (begun) await internalAdapter.deleteSession(begun.session.token)
        throw new APIError('UNAUTHORIZED', { code: 'INVALID_CODE', message: 'Invalid code' })
      }
    }
    await db.update(session).set({ mfaVerifiedAt: clock() }).where(eq(session.token, current.session.token))
  })
}
