import { user } from '@dragonfly/schema/db'
import { silentLog } from '@dragonfly/schema/log'
import { expect, it } from 'vitest'
import { createOriginPolicy } from '../../origin.ts'
import { createReplayGuard } from '../../platform/node/memory.ts'
import { scryptHasher } from '../../platform/password-hasher.ts'
import { createHarness, type Harness, origin } from '../../testing/harness.ts'
import { openTestDatabase } from '../../testing/node-test-deps.ts'
import { createAuth } from './auth.ts'
import { createPerson } from './create-person.ts'

const password = 'correct horse battery staple'

function signIn(harness: Harness, body: Record<string, unknown>, headers: Record<string, string> = {}) {
  return harness.call('POST', '/api/auth/sign-in/email', body, { cookie: '', ...headers })
}

it('limits tries from one address, and tries at one account from many addresses', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const spray = async (address: (i: number) => string, email: (i: number) => string, tries: number) => {
    const statuses: number[] = []
    for (let i = 0; i < tries; i++) {
      const headers = { peer: address(i) }
      statuses.push((await signIn(harness, { email: email(i), password: 'wrong password!' }, headers)).status)
    }
    return statuses
  }
  const fromOne = await spray(
    () => '192.0.2.1',
    (i) => `person-${i}@example.com`,
    12,
  )
  expect(fromOne.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 401))
  expect(fromOne.slice(10)).toEqual([429, 429])
  const atOne = await spray(
    (i) => `198.51.100.${i}`,
    (i) => (i % 2 ? 'ada@example.com' : ' ADA@example.com'),
    21,
  )
  expect(atOne.at(-1)).toBe(429)
  expect(atOne.filter((status) => status === 429)).toHaveLength(1)
}, 30_000)

it('gives a stranger’s address the same answer and the same work as a wrong password', async () => {
  const db = await openTestDatabase()
  const derivations: string[] = []
  const auth = createAuth({
    db,
    origins: createOriginPolicy(origin),
    publicUrl: origin,
    clock: Date.now,
    replay: createReplayGuard(Date.now),
    log: silentLog,
    secret: 'a secret that signs the cookies of this test',
    hasher: {
      hash: (text) => {
        derivations.push('hash')
        return scryptHasher.hash(text)
      },
      verify: (input) => {
        derivations.push('verify')
        return scryptHasher.verify(input)
      },
    },
  })
  await createPerson(
    { db, auth, clock: Date.now },
    { name: 'Ada', email: 'ada@example.com', password, role: 'viewer' },
  )
  const ask = async (email: string) => {
    derivations.length = 0
    const request = new Request(`${origin}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { origin, 'content-type': 'application/json' },
      body: JSON.stringify({ email, password: 'wrong horse battery staple' }),
    })
    const answer = await auth.handle(request)
    return { status: answer.status, body: await answer.text(), derivations: derivations.length }
  }
  const known = await ask('ada@example.com')
  expect(known).toMatchObject({ status: 401, derivations: 1 })
  expect(await ask('nobody@example.com')).toEqual(known)
})

it('gives a new session at sign-in, whatever cookie was brought along', async () => {
  const harness = await createHarness()
  await harness.signInAs('viewer')
  const first = await signIn(harness, { email: 'viewer@example.com', password })
  const planted = first.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const second = await signIn(harness, { email: 'viewer@example.com', password }, { cookie: planted })
  const cookie = second.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  expect(cookie).not.toBe('')
  expect(cookie).not.toBe(planted)
  const invented = 'dragonfly.session_token=chosen-by-somebody.else'
  expect((await harness.call('GET', '/api/v1/me', undefined, { cookie: invented })).status).toBe(401)
})

it('never leads to another site', async () => {
  const harness = await createHarness()
  await harness.signInAs('viewer')
  for (const callbackURL of ['https://evil.example/', '//evil.example', '/\\evil.example']) {
    const answer = await signIn(harness, { email: 'viewer@example.com', password, callbackURL })
    expect(answer.status).toBe(200)
    expect(JSON.stringify([answer.body, ...answer.headers])).not.toContain('evil')
  }
})

it.each([
  '/update-user',
  '/sign-up/email',
  '/delete-user',
  '/change-email',
  '/update-session',
  '/admin/set-role',
])('has no %s', async (path) => {
  const harness = await createHarness()
  await harness.signInAs('viewer')
  const before = await harness.deps.db.select().from(user)
  const body = { name: 'Eve', email: 'eve@example.com', password, role: 'administrator', siteLimited: false }
  expect((await harness.call('POST', `/api/auth${path}`, body)).status).toBe(404)
  expect((await harness.call('POST', `/api/auth//${path.slice(1)}`, body)).status).toBe(404)
  expect(await harness.deps.db.select().from(user)).toEqual(before)
})

it('lets nobody raise themselves by what else they send', async () => {
  const harness = await createHarness()
  await harness.signInAs('viewer')
  const more = { role: 'administrator', siteIds: null, active: true, deactivatedAt: null, siteLimited: false }
  expect((await harness.call('PATCH', '/api/v1/me', { name: 'Eve', ...more })).body).toMatchObject({
    name: 'Eve',
    role: 'viewer',
  })
  await signIn(harness, { email: 'viewer@example.com', password, ...more })
  expect((await harness.call('GET', '/api/v1/me')).body.role).toBe('viewer')
})

it('signs out elsewhere when the password is changed', async () => {
  const harness = await createHarness()
  await harness.signInAs('viewer')
  const other = await signIn(harness, { email: 'viewer@example.com', password })
  const cookie = other.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const change = {
    currentPassword: password,
    newPassword: 'another horse entirely',
    revokeOtherSessions: true,
  }
  const wrong = await harness.call('POST', '/api/auth/change-password', {
    ...change,
    currentPassword: 'wrong',
  })
  expect(wrong.status).toBe(400)
  expect((await harness.call('POST', '/api/auth/change-password', change)).status).toBe(200)
  expect((await harness.call('GET', '/api/v1/me', undefined, { cookie })).status).toBe(401)
  expect((await signIn(harness, { email: 'viewer@example.com', password })).status).toBe(401)
})

it('takes no form, no text and nothing without an Origin, which is what another site’s page could send', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const cookie = (await signIn(harness, { email: 'ada@example.com', password })).headers
    .getSetCookie()[0]
    ?.split(';')[0]
  const send = async (path: string, headers: Record<string, string>, body: string) => {
    const all = { host: 'localhost:3000', cookie: cookie ?? '', ...headers }
    return (await harness.app.request(path, { method: 'POST', headers: all, body })).status
  }
  const json = JSON.stringify({ email: 'eve@example.com', role: 'administrator', name: 'Eve' })
  const own = { origin }
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    expect(await send('/api/v1/invitations', { ...own, 'content-type': type }, json), type).toBe(415)
  }
  const isJson = { 'content-type': 'application/json' }
  expect(await send('/api/v1/invitations', { ...isJson, origin: 'https://evil.example' }, json)).toBe(403)
  expect(await send('/api/v1/invitations', { ...isJson, origin: 'null' }, json)).toBe(403)
  expect(await send('/api/v1/invitations', isJson, json)).toBe(403)
  expect(await send('/api/auth/sign-out', isJson, '{}')).toBe(403)
  expect(await send('/api/auth/sign-out', { ...isJson, origin: 'null' }, '{}')).toBe(403)
  expect((await harness.call('GET', '/api/v1/invitations')).body.items).toEqual([])
  expect((await harness.call('GET', '/api/v1/me', undefined, { cookie: cookie ?? '' })).status).toBe(200)
})
