import { user } from '@dragonfly/schema/db'
import { isDangerous } from '@dragonfly/schema/state'
import { eq } from 'drizzle-orm'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { DeclaredRoute } from './access.ts'
import { rateLimitKey } from './addresses.ts'
import type { AppEnv, NotedChange } from './deps.ts'
import { isRecorded, outcomeOf, pickDetails } from './features/audit/decide.ts'
import type { AuditRecord } from './features/audit/log.ts'
import { findSubject, pickTargets, type Subject } from './features/audit/subject.ts'
import { findPerson } from './features/people/find-person.ts'
import { createRouteTable } from './route-table.ts'

/** Strangers fill no disk: entries a minute from one address, and from all of them. */
const strangerLimits = { one: 30, all: 300 }

const noSubject: Subject = { subject: null, machineId: null, siteId: null }

/** Writes what was done and what was refused into the audit log. It stands around `enforceAccess`. */
export function auditRequests(routes: readonly DeclaredRoute[]) {
  const find = createRouteTable(routes)
  return createMiddleware<AppEnv>(async (c, next) => {
    await next()
    const route = find(c.req.method, c.req.path)
    const request = {
      operation: route?.route.operationId ?? '',
      isChange: isChange(c),
      hasCredentials: Boolean(c.req.header('cookie') || c.req.header('authorization')),
      status: c.res.status,
    }
    if (!route || !isRecorded(request)) return
    const noted = c.get('noted') ?? {
      operation: route.route.operationId,
      targets: route.targets,
      details: {},
      request: {},
      subject: noSubject,
    }
    const { operation, details } = noted
    // A person who destroyed something is asked how: was it confirmed?
    const confirmed = isDangerous(operation, noted.request) && c.res.ok ? { safety: c.get('safety') } : {}
    await append(c, await withAnswer(c, { ...noted, details: { ...details, ...confirmed } }), actorOf(c))
  })
}

/** Takes down what a change acts on. It stands behind `enforceAccess`: a stranger's body is not read. */
export function noteChanges(routes: readonly DeclaredRoute[]) {
  const find = createRouteTable(routes)
  return createMiddleware<AppEnv>(async (c, next) => {
    const found = isChange(c) ? find(c.req.method, c.req.path) : null
    if (found) {
      // Bytes of a file are read by whom they are for, once.
      const body = isBytes(c) ? null : await readJson(() => c.req.json())
      const targets = { ...pickTargets(body), ...found.targets }
      c.set('noted', {
        operation: found.route.operationId,
        targets,
        details: pickDetails(body, found.route['x-audit'] ?? []),
        request: { ...(typeof body === 'object' ? body : {}), ...found.targets },
        subject: await findSubject(c.get('deps').db, targets),
      })
    }
    await next()
  })
}

const authOperations: Record<string, string> = { '/sign-in/email': 'signIn', '/sign-out': 'signOut' }

/** Sign-ins, sign-outs and whatever else is posted to /api/auth. */
export function auditAuth() {
  return createMiddleware<AppEnv>(async (c, next) => {
    if (!isChange(c)) return next()
    const { db } = c.get('deps')
    const path = c.req.path.slice('/api/auth'.length)
    const email = await readJson(() => c.req.raw.clone().json()).then(emailOf)
    const before = await findPerson(c.get('deps'), c.req.raw.headers)
    await next()
    if (c.res.status === 404) return
    // An address that nobody has is not kept: people type passwords into the wrong field.
    const [named] = email
      ? await db.select({ userId: user.id, name: user.name }).from(user).where(eq(user.email, email))
      : []
    const who = c.res.status < 400 ? (named ?? before) : before
    await append(
      c,
      {
        operation: authOperations[path] ?? `auth${path}`.slice(0, 100),
        targets: named ? { userId: named.userId } : {},
        details: {},
        request: {},
        subject: { ...noSubject, subject: named?.name ?? null },
      },
      who
        ? { actorKind: 'person', actorId: who.userId, actorName: who.name }
        : { actorKind: 'stranger', actorId: null, actorName: null },
    )
  })
}

/** Somebody came from an address that is not on the allowlist: once a minute for each, whatever they ask for. */
export async function auditRefusedAddress(c: Context<AppEnv>): Promise<void> {
  const key = `refused ${rateLimitKey(c.get('clientAddress'))}`
  if (!(await c.get('deps').limiter.take(key, 1, 60_000))) return
  const noted = { operation: 'enter', targets: {}, details: {}, request: {}, subject: noSubject }
  await append(c, noted, { actorKind: 'stranger', actorId: null, actorName: null })
}

type Actor = Pick<AuditRecord, 'actorKind' | 'actorId' | 'actorName'>

function actorOf(c: Context<AppEnv>): Actor {
  const person = c.get('person')
  if (person) return { actorKind: 'person', actorId: person.userId, actorName: person.name }
  const edge = c.get('edge')
  if (edge) return { actorKind: 'edge', actorId: edge.edgeId, actorName: null }
  return { actorKind: 'stranger', actorId: null, actorName: null }
}

/** What was made is known by its id in the answer. */
async function withAnswer(c: Context<AppEnv>, noted: NotedChange): Promise<NotedChange> {
  if (c.res.status !== 201) return noted
  const made = pickTargets(await readJson(() => c.res.clone().json()))
  const targets = { ...made, ...noted.targets }
  const subject =
    noted.subject.subject === null ? await findSubject(c.get('deps').db, targets) : noted.subject
  return { ...noted, targets, subject }
}

async function append(c: Context<AppEnv>, noted: NotedChange, actor: Actor): Promise<void> {
  const { audit, clock, limiter, metrics, log } = c.get('deps')
  const clientAddress = c.get('clientAddress')
  const { status } = c.res
  try {
    if (actor.actorKind === 'stranger') {
      const isBearable =
        (await limiter.take(`audit ${rateLimitKey(clientAddress)}`, strangerLimits.one, 60_000)) &&
        (await limiter.take('audit', strangerLimits.all, 60_000))
      if (!isBearable) return metrics.count('dragonfly_audit_dropped_total')
    }
    await audit.append({
      at: clock(),
      ...actor,
      operation: noted.operation,
      ...noted.subject,
      details: { ...noted.targets, ...noted.details },
      clientAddress,
      outcome: outcomeOf(status),
      status,
      code: c.res.headers.get('x-dragonfly-problem'),
    })
  } catch (error) {
    metrics.count('dragonfly_audit_failures_total')
    log.error(`the audit log could not be written: ${noted.operation}`, { error })
  }
}

function isBytes(c: Context<AppEnv>): boolean {
  return c.req.header('content-type') === 'application/octet-stream'
}

function isChange(c: Context<AppEnv>): boolean {
  return !['GET', 'HEAD', 'OPTIONS'].includes(c.req.method)
}

function emailOf(body: unknown): string | null {
  const email = typeof body === 'object' && body !== null && 'email' in body ? body.email : null
  return typeof email === 'string' ? email.toLowerCase() : null
}

async function readJson(read: () => Promise<unknown>): Promise<unknown> {
  try {
    return await read()
  } catch {
    return null
  }
}
