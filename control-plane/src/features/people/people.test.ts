import { user } from '@dragonfly/schema/db'
import { eq } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { createHarness, type Harness } from '../../testing/harness.ts'

const password = 'correct horse battery staple'

async function createUser(harness: Harness, role: string, change: Record<string, unknown> = {}) {
  const email = `${crypto.randomUUID()}@example.com`
  const answer = await harness.call('POST', '/api/v1/users', {
    name: role,
    email,
    password,
    role,
    ...change,
  })
  expect(answer.status).toBe(201)
  return { userId: String(answer.body.userId), email }
}

async function signInWith(harness: Harness, email: string, secret = password) {
  const answer = await harness.call(
    'POST',
    '/api/auth/sign-in/email',
    { email, password: secret },
    { cookie: '' },
  )
  const cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  return { status: answer.status, body: answer.body, cookie }
}

async function asAdministrator() {
  const harness = await createHarness()
  await harness.signIn()
  const me = (await harness.call('GET', '/api/v1/me')).body
  return { harness, me }
}

describe('the last administrator', () => {
  it('can’t be demoted, deactivated or deleted', async () => {
    const { harness, me } = await asAdministrator()
    const path = `/api/v1/users/${me.userId}`
    const refused = { status: 409, body: { code: 'last-administrator' } }
    expect(await harness.call('PATCH', path, { role: 'user' })).toMatchObject(refused)
    expect(await harness.call('PATCH', path, { active: false })).toMatchObject(refused)
    expect(await harness.call('DELETE', path)).toMatchObject(refused)
    expect((await harness.call('GET', path)).body).toMatchObject({ role: 'administrator', active: true })
  })

  it('does not count somebody who is deactivated as another one', async () => {
    const { harness, me } = await asAdministrator()
    const second = await createUser(harness, 'administrator')
    await harness.call('PATCH', `/api/v1/users/${second.userId}`, { active: false })
    expect((await harness.call('DELETE', `/api/v1/users/${me.userId}`)).status).toBe(409)
  })

  it.each([
    [
      'demoted',
      (harness: Harness, id: string) => harness.call('PATCH', `/api/v1/users/${id}`, { role: 'viewer' }),
    ],
    ['deleted', (harness: Harness, id: string) => harness.call('DELETE', `/api/v1/users/${id}`)],
  ])('is left over when two administrators are %s at the same moment', async (_what, act) => {
    const { harness, me } = await asAdministrator()
    const second = await createUser(harness, 'administrator')
    const answers = await Promise.all([me.userId, second.userId].map((id) => act(harness, id)))
    expect(answers.map(({ status }) => status).filter((status) => status < 300)).toHaveLength(1)
    const left = await harness.deps.db.select().from(user).where(eq(user.role, 'administrator'))
    expect(left).toHaveLength(1)
  })
})

describe('deactivation', () => {
  it('ends sessions, refuses sign-in as if the password were wrong, and can be taken back', async () => {
    const { harness } = await asAdministrator()
    const person = await createUser(harness, 'user')
    const { cookie } = await signInWith(harness, person.email)
    expect((await harness.call('GET', '/api/v1/me', undefined, { cookie })).status).toBe(200)
    const path = `/api/v1/users/${person.userId}`
    expect((await harness.call('PATCH', path, { active: false })).body).toMatchObject({
      active: false,
      sessionCount: 0,
    })
    expect((await harness.call('GET', '/api/v1/me', undefined, { cookie })).status).toBe(401)
    const refused = await signInWith(harness, person.email)
    const wrong = await signInWith(harness, person.email, 'wrong horse battery staple')
    expect(refused).toEqual(wrong)
    expect(refused).toMatchObject({ status: 401, cookie: '' })
    await harness.call('PATCH', path, { active: true })
    expect((await signInWith(harness, person.email)).status).toBe(200)
  })
})

describe('sessions', () => {
  it('are listed, ended one by one, and all at once', async () => {
    const { harness } = await asAdministrator()
    const other = await signInWith(harness, 'ada@example.com', password)
    const list = (await harness.call('GET', '/api/v1/me/sessions')).body.items
    expect(list).toHaveLength(2)
    expect(list.filter((one: { current: boolean }) => one.current)).toHaveLength(1)
    expect(JSON.stringify(list)).not.toContain(decodeURIComponent(other.cookie).split('=')[1]?.split('.')[0])
    const { sessionId } = list.find((one: { current: boolean }) => !one.current)
    expect((await harness.call('DELETE', `/api/v1/me/sessions/${sessionId}`)).status).toBe(204)
    expect((await harness.call('GET', '/api/v1/me', undefined, { cookie: other.cookie })).status).toBe(401)
    expect((await harness.call('DELETE', '/api/v1/me/sessions')).status).toBe(204)
    expect((await harness.call('GET', '/api/v1/me')).status).toBe(401)
  })

  it('of somebody else can’t be ended by their id', async () => {
    const { harness } = await asAdministrator()
    const person = await createUser(harness, 'viewer')
    const { cookie } = await signInWith(harness, person.email)
    const [mine] = (await harness.call('GET', '/api/v1/me/sessions')).body.items
    const path = `/api/v1/me/sessions/${mine.sessionId}`
    expect((await harness.call('DELETE', path, undefined, { cookie })).status).toBe(404)
    expect((await harness.call('GET', '/api/v1/me')).status).toBe(200)
  })

  it('are ended by an administrator, for somebody who lost a laptop', async () => {
    const { harness } = await asAdministrator()
    const person = await createUser(harness, 'viewer')
    const { cookie } = await signInWith(harness, person.email)
    expect((await harness.call('DELETE', `/api/v1/users/${person.userId}/sessions`)).status).toBe(204)
    expect((await harness.call('GET', '/api/v1/me', undefined, { cookie })).status).toBe(401)
  })
})

describe('a person who is limited to sites', () => {
  async function limited() {
    const { harness } = await asAdministrator()
    const [own, foreign] = [await harness.createSite('Own'), await harness.createSite('Foreign')]
    const edges = [await harness.enrol(own), await harness.enrol(foreign)]
    const machines: string[] = []
    for (const [siteId, mac] of [
      [own, '52:54:00:00:00:01'],
      [foreign, '52:54:00:00:00:02'],
    ]) {
      machines.push((await harness.call('POST', '/api/v1/machines', { siteId, mac })).body.machineId)
    }
    const person = await createUser(harness, 'user', { siteIds: [own] })
    const { cookie } = await signInWith(harness, person.email)
    const call = (method: string, path: string, body?: unknown) =>
      harness.call(method, path, body, { cookie })
    return { harness, call, person, own, foreign, machines, edges }
  }

  it('sees those sites’ things in lists, and no others', async () => {
    const { call, own, machines, edges } = await limited()
    const ids = async (path: string, key: string) =>
      (await call('GET', path)).body.items.map((item: Record<string, string>) => item[key])
    expect(await ids('/api/v1/sites', 'siteId')).toEqual([own])
    expect(await ids('/api/v1/machines', 'machineId')).toEqual([machines[0]])
    expect(await ids('/api/v1/edges', 'edgeId')).toEqual([edges[0]?.edgeId])
  })

  it('gets the same 404 for what is elsewhere and for what is not there', async () => {
    const { call, own, foreign, machines } = await limited()
    const nothing = '00000000-0000-7000-8000-000000000000'
    for (const [elsewhere, path] of [
      [foreign, '/api/v1/sites/'],
      [machines[1], '/api/v1/machines/'],
    ]) {
      const hidden = await call('GET', `${path}${elsewhere}`)
      expect(hidden.status).toBe(404)
      const { body } = await call('GET', `${path}${nothing}`)
      expect({ ...hidden.body, requestId: null }).toEqual({ ...body, requestId: null })
    }
    const patched = await call('PATCH', `/api/v1/machines/${machines[1]}`, { name: 'mine-now' })
    expect(patched.status).toBe(404)
    expect((await call('GET', `/api/v1/machines/${machines[0]}`)).status).toBe(200)
    const mac = '52:54:00:00:00:03'
    expect((await call('POST', '/api/v1/machines', { siteId: foreign, mac })).status).toBe(404)
    expect((await call('POST', '/api/v1/machines', { siteId: own, mac })).status).toBe(201)
  })

  it('is not freed by the end of their last site', async () => {
    const { harness, call, own, machines } = await limited()
    await harness.call('DELETE', `/api/v1/machines/${machines[0]}`)
    expect((await harness.call('DELETE', `/api/v1/sites/${own}`)).status).toBe(204)
    expect((await call('GET', '/api/v1/machines')).body.items).toEqual([])
    expect((await call('GET', '/api/v1/me')).body.siteIds).toEqual([])
  })
})

it('says which address is taken, and which sites do not exist', async () => {
  const { harness } = await asAdministrator()
  const person = { name: 'Eve', email: 'ADA@example.com', password, role: 'viewer' }
  expect(await harness.call('POST', '/api/v1/users', person)).toMatchObject({
    status: 409,
    body: { code: 'email-taken' },
  })
  const lost = { ...person, email: 'eve@example.com', siteIds: ['nowhere'] }
  expect((await harness.call('POST', '/api/v1/users', lost)).status).toBe(422)
})
