import { account, session, user, verification } from '@dragonfly/schema/db'
import { betterAuth } from 'better-auth'
import { drizzleAdapter } from 'better-auth/adapters/drizzle'
import type { Database, Person } from '../../deps.ts'
import type { OriginPolicy } from '../../origin.ts'
import type { PasswordHasher } from '../../ports/index.ts'

/** The header in which the app tells better-auth who is calling; a client's own is overwritten. */
export const clientAddressHeader = 'x-dragonfly-client-address'

export interface Auth {
  /** /api/auth/*: sign-in, sign-out, session. */
  handle(request: Request): Promise<Response>
  /** Who the session cookie belongs to. */
  person(headers: Headers): Promise<Person | null>
  /** Id of the session that the cookie belongs to. */
  sessionId(headers: Headers): Promise<string | null>
  /** Signs in by password; the response carries the cookie. */
  signIn(email: string, password: string, headers: Headers): Promise<Response>
  createPerson(input: {
    name: string
    email: string
    password: string
    role: Person['role']
  }): Promise<Person>
}

export interface AuthOptions {
  db: Database
  origins: OriginPolicy
  hasher: PasswordHasher
  publicUrl: string
  /** Signs the session cookies. */
  secret: string
}

export function createAuth(options: AuthOptions): Auth {
  const auth = createBetterAuth(options)
  return {
    handle: (request) => auth.handler(request),
    async person(headers) {
      const found = await auth.api.getSession({ headers })
      return found ? readPerson(found.user) : null
    },
    async sessionId(headers) {
      const found = await auth.api.getSession({ headers })
      return found?.session.id ?? null
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
      }
      const created = await internalAdapter.createUser(values, { method: 'email-password' })
      await internalAdapter.linkAccount({
        userId: created.id,
        providerId: 'credential',
        accountId: created.id,
        password,
      })
      return { userId: created.id, name: created.name, email: created.email, role: input.role }
    },
  }
}

function createBetterAuth({ db, origins, hasher, publicUrl, secret }: AuthOptions) {
  return betterAuth({
    appName: 'Dragonfly',
    baseURL: new URL(publicUrl).origin,
    basePath: '/api/auth',
    secret,
    trustedOrigins: (request) => origins.allowed(request?.headers.get('host') ?? null),
    database: drizzleAdapter(db, {
      provider: 'sqlite',
      schema: { user, session, account, verification },
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
      additionalFields: { role: { type: 'string', required: false, defaultValue: 'viewer', input: false } },
    },
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

function readPerson(found: { id: string; name: string; email: string; role?: unknown }): Person {
  const role = found.role === 'administrator' || found.role === 'user' ? found.role : 'viewer'
  return { userId: found.id, name: found.name, email: found.email, role }
}
