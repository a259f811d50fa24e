import { account, session, twoFactor, user, verification } from '@dragonfly/schema/db'
import type { Role } from '@dragonfly/schema/state'
import { betterAuth } from 'better-auth'
import { drizzleAdapter } from 'better-auth/adapters/drizzle'
import { APIError, createAuthMiddleware } from 'better-auth/api'
import { twoFactor as twoFactorPlugin } from 'better-auth/plugins'
import { eq } from 'drizzle-orm'
import type { Database } from '../../deps.ts'
import type { OriginPolicy } from '../../origin.ts'
import type { Clock, PasswordHasher, ReplayGuard } from '../../ports/index.ts'

/** The header in which the app tells better-auth who is calling; a client's own is overwritten. */
export const clientAddressHeader = 'x-dragonfly-client-address'

export interface Auth {
  /** /api/auth/*: sign-in, sign-out, session. */
  handle(request: Request): Promise<Response>
  /** Everything that better-auth could answer, as `GET /get-session`; what of it is open is decided elsewhere. */
  endpoints(): string[]
  /** Whose session the cookie names. */
  session(headers: Headers): Promise<{ userId: string; sessionId: string } | null>
  /** Signs in by password; the response carries the cookie. */
  signIn(email: string, password: string, headers: Headers): Promise<Response>
  createPerson(input: {
    name: string
    email: string
    password: string
    role: Role
    siteLimited?: boolean
  }): Promise<{ userId: string; email: string }>
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
}

export function createAuth(options: AuthOptions): Auth {
  const auth = createBetterAuth(options)
  return {
    handle: (request) => auth.handler(request),
    endpoints: () =>
      Object.values(auth.api).flatMap(({ path, options: { method } }) =>
        path ? [method ?? []].flat().map((name) => `${name} ${path}`) : [],
      ),
    async session(headers) {
      const found = await auth.api.getSession({ headers })
      return found ? { userId: found.user.id, sessionId: found.session.id } : null
    },
    signIn: (email, password, headers) =>
      auth.api.signInEmail({ body: { email, password }, headers, asResponse: true }),
    async createPerson(input) {
      const { internalAdapter } = await auth.$context
      const password = await options.hasher.hash(input.password)
      const values = {
        name: input.name,
        email: input.email.toLowerCase(),
        emailVerified: true,
        role: input.role,
        siteLimited: input.siteLimited ?? false,
      }
      const created = await internalAdapter.createUser(values, { method: 'email-password' })
      await internalAdapter.linkAccount({
        userId: created.id,
        providerId: 'credential',
        accountId: created.id,
        password,
      })
      return { userId: created.id, email: created.email }
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
    hooks: { after: refuseUsedCode(options) },
    plugins: [twoFactorPlugin({ issuer: 'Dragonfly', twoFactorCookieMaxAge: 300 })],
    session: { expiresIn: 60 * 60 * 24 * 14, updateAge: 60 * 60 * 24 },
    rateLimit: {
      enabled: true,
      window: 60,
      max: 100,
      customRules: { '/sign-in/email': { window: 60, max: 10 }, '/get-session': false },
    },
    advanced: {
      cookiePrefix: 'dragonfly',
      useSecureCookies: publicUrl.startsWith('https:'),
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax' },
      ipAddress: { ipAddressHeaders: [clientAddressHeader] },
    },
    telemetry: { enabled: false },
    logger: { level: 'error' },
  })
}

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

/** better-auth takes a code as often as it comes; here, the session that a second use began is ended at once. */
function refuseUsedCode({ clock, replay }: AuthOptions) {
  return createAuthMiddleware(async (ctx) => {
    const begun = ctx.context.newSession
    if (ctx.path !== '/two-factor/verify-totp' || !begun) return
    const key = `totp ${begun.user.id} ${String(ctx.body?.code)}`
    if (await replay.take(key, clock() + codeLifetimeMs)) return
    await ctx.context.internalAdapter.deleteSession(begun.session.token)
    throw new APIError('UNAUTHORIZED', { code: 'INVALID_CODE', message: 'Invalid code' })
  })
}
