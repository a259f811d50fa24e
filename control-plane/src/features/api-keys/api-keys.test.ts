import { apiKeys } from '@dragonfly/schema/db'
import { expect, it } from 'vitest'
import { createHarness, type Harness } from '../../testing/harness.ts'

async function createKey(harness: Harness, change: Record<string, unknown> = {}) {
  const input = { name: 'CI', scopes: ['read'], expiresInDays: 30, ...change }
  const { status, body } = await harness.call('POST', '/api/v1/me/api-keys', input)
  expect(status).toBe(201)
  return {
    keyId: String(body.keyId),
    key: String(body.key),
    headers: { authorization: `Bearer ${body.key}` },
  }
}

it('is shown once, and kept as a hash', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const { key } = await createKey(harness)
  expect(key).toMatch(/^dfk_[A-Za-z0-9_-]{43}$/)
  const { body } = await harness.call('GET', '/api/v1/me/api-keys')
  expect(body.items).toMatchObject([
    { name: 'CI', start: key.slice(0, 8), scopes: ['read'], lastUsedAt: null },
  ])
  const stored = JSON.stringify(await harness.deps.db.select().from(apiKeys)) + JSON.stringify(body)
  expect(stored).not.toContain(key.slice(8))
})

it('works without cookie and Origin, tells its last use, and expires', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const { headers } = await createKey(harness, { scopes: ['read', 'admin'] })
  const own = { ...headers, cookie: '', origin: '' }
  expect((await harness.call('POST', '/api/v1/sites', { name: 'Attic' }, own)).status).toBe(201)
  expect((await harness.call('GET', '/api/v1/me/api-keys')).body.items[0].lastUsedAt).toBe(harness.clock.now)
  harness.clock.now += 30 * 24 * 60 * 60_000
  expect((await harness.call('GET', '/api/v1/sites', undefined, own)).status).toBe(401)
})

it('stands alone: a wrong key beside a good cookie is refused', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const headers = { authorization: `Bearer dfk_${'A'.repeat(43)}` }
  expect((await harness.call('GET', '/api/v1/me', undefined, headers)).status).toBe(401)
})

it('follows its owner: role, deactivation, deletion of the key', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const made = await harness.call('POST', '/api/v1/users', {
    name: 'Eve',
    email: 'eve@example.com',
    password: 'correct horse battery staple',
    role: 'administrator',
  })
  const own = await createHarness()
  const path = `/api/v1/users/${made.body.userId}`
  const signIn = async () => {
    const credentials = { email: 'eve@example.com', password: 'correct horse battery staple' }
    const answer = await harness.call('POST', '/api/auth/sign-in/email', credentials, { cookie: '' })
    return answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  }
  const cookie = await signIn()
  const input = { name: 'Eve’s', scopes: ['read', 'admin'], expiresInDays: null }
  const { body } = await harness.call('POST', '/api/v1/me/api-keys', input, { cookie })
  const call = (target: Harness, method: string, address: string) =>
    target.call(method, address, undefined, { authorization: `Bearer ${body.key}`, cookie: '' })
  expect((await call(harness, 'GET', '/api/v1/users')).status).toBe(200)
  expect((await call(own, 'GET', '/api/v1/users')).status).toBe(401)
  await harness.call('PATCH', path, { role: 'viewer' })
  expect((await call(harness, 'GET', '/api/v1/users')).status).toBe(403)
  expect((await call(harness, 'GET', '/api/v1/sites')).status).toBe(200)
  await harness.call('PATCH', path, { active: false })
  expect((await call(harness, 'GET', '/api/v1/sites')).status).toBe(401)
  await harness.call('PATCH', path, { active: true })
  expect((await call(harness, 'GET', '/api/v1/sites')).status).toBe(200)
  const foreign = await harness.call('DELETE', `/api/v1/me/api-keys/${body.keyId}`)
  expect(foreign.status).toBe(404)
  const headers = { cookie: await signIn() }
  const deleted = await harness.call('DELETE', `/api/v1/me/api-keys/${body.keyId}`, undefined, headers)
  expect(deleted.status).toBe(204)
  expect((await call(harness, 'GET', '/api/v1/sites')).status).toBe(401)
})
