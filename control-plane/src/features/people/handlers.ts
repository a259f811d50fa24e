import type { MeView } from '@dragonfly/schema/api'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { AppEnv, Deps, Person } from '../../deps.ts'
import { personOf } from '../../enforce-access.ts'
import { isMfaRequired, readPeoplePolicy, writePeoplePolicy } from './mfa-policy.ts'
import * as routes from './routes.ts'
import { endSession, endSessions, listSessions } from './sessions.ts'
import {
  createUser,
  deleteUser,
  getUser,
  listUsers,
  readWaysIn,
  renamePerson,
  resetMfa,
  updateUser,
} from './users.ts'

export function mountPeople(app: OpenAPIHono<AppEnv>): void {
  mountMe(app)
  mountUsers(app)
  app.openapi(routes.getPeoplePolicy, async (c) => c.json(await readPeoplePolicy(c.get('deps').db), 200))
  app.openapi(routes.updatePeoplePolicy, async (c) => {
    const { db } = c.get('deps')
    await writePeoplePolicy(db, c.req.valid('json'))
    return c.json(await readPeoplePolicy(db), 200)
  })
}

function mountMe(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.getMe, async (c) => c.json(await renderMe(c.get('deps'), personOf(c)), 200))
  app.openapi(routes.updateMe, async (c) => {
    const { name } = c.req.valid('json')
    await renamePerson(c.get('deps'), personOf(c).userId, name)
    return c.json(await renderMe(c.get('deps'), { ...personOf(c), name }), 200)
  })
  app.openapi(routes.listSessions, async (c) =>
    c.json({ items: await listSessions(c.get('deps'), personOf(c)) }, 200),
  )
  app.openapi(routes.endSession, async (c) => {
    await endSession(c.get('deps'), personOf(c).userId, c.req.valid('param').sessionId)
    return c.body(null, 204)
  })
  app.openapi(routes.endSessions, async (c) => {
    await endSessions(c.get('deps'), personOf(c).userId)
    return c.body(null, 204)
  })
}

function mountUsers(app: OpenAPIHono<AppEnv>): void {
  app.openapi(routes.listUsers, async (c) => c.json({ items: await listUsers(c.get('deps')) }, 200))
  app.openapi(routes.createUser, async (c) =>
    c.json(await createUser(c.get('deps'), c.req.valid('json')), 201),
  )
  app.openapi(routes.getUser, async (c) =>
    c.json(await getUser(c.get('deps'), c.req.valid('param').userId), 200),
  )
  app.openapi(routes.updateUser, async (c) =>
    c.json(await updateUser(c.get('deps'), c.req.valid('param').userId, c.req.valid('json')), 200),
  )
  app.openapi(routes.deleteUser, async (c) => {
    await deleteUser(c.get('deps'), c.req.valid('param').userId)
    return c.body(null, 204)
  })
  app.openapi(routes.endUserSessions, async (c) => {
    const { userId } = await getUser(c.get('deps'), c.req.valid('param').userId)
    await endSessions(c.get('deps'), userId)
    return c.body(null, 204)
  })
  app.openapi(routes.resetUserMfa, async (c) =>
    c.json(await resetMfa(c.get('deps'), c.req.valid('param').userId), 200),
  )
}

export async function renderMe(deps: Deps, person: Person): Promise<MeView> {
  const { userId, name, email, role, siteIds } = person
  const [required, ways] = await Promise.all([isMfaRequired(deps.db, person), readWaysIn(deps.db, userId)])
  const mfa = {
    enabled: person.mfaEnabled,
    required,
    totp: ways.totp,
    verified: person.mfaVerifiedAt !== null,
  }
  return {
    userId,
    name,
    email,
    role,
    siteIds: siteIds && [...siteIds],
    mfa,
    hasPassword: ways.password,
  }
}
