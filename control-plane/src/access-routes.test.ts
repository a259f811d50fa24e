import { beforeAll, describe, expect, it } from 'vitest'
import type { Person } from './deps.ts'
import { committed } from './testing/committed-operations.ts'
import { createHarness, type Harness } from './testing/harness.ts'

const operations = new Set(
  Object.entries(committed.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  ),
)

const roles: Person['role'][] = ['viewer', 'user', 'administrator']

/** What the router holds besides the operations of the API: what a stranger gets, and what everybody who is in gets. */
const others: Record<string, { stranger: number; person: number }> = {
  'GET /healthz': { stranger: 200, person: 200 },
  'GET /readyz': { stranger: 200, person: 200 },
  'GET /metrics': { stranger: 401, person: 200 },
  'GET /openapi.json': { stranger: 200, person: 200 },
  // The portal's own files and pages are no secret: what they show comes by the API.
  'GET /': { stranger: 200, person: 200 },
  'GET /machines': { stranger: 200, person: 200 },
  'GET /nonsense.js': { stranger: 404, person: 404 },
  'POST /': { stranger: 404, person: 404 },
}

/** Patterns that catch what nothing else took: sign-in (below), the API's 404, and the portal. */
const patterns = ['/*', '/api/*', '/api/auth/*', '*']

/** better-auth: what is open, with what it answers an empty request by a stranger and by somebody signed in. */
const authPaths: Record<string, { stranger: number[]; person: number[] }> = {
  'GET /get-session': { stranger: [200], person: [200] },
  'POST /sign-in/email': { stranger: [422], person: [422] },
  'POST /sign-out': { stranger: [200], person: [200] },
  'POST /change-password': { stranger: [400, 401], person: [400] },
  'POST /two-factor/enable': { stranger: [400, 401], person: [400] },
  'POST /two-factor/disable': { stranger: [400, 401], person: [400] },
  'POST /two-factor/verify-totp': { stranger: [400, 401], person: [400] },
  'POST /two-factor/verify-backup-code': { stranger: [400, 401], person: [400] },
  'POST /two-factor/generate-backup-codes': { stranger: [400, 401], person: [400] },
}

let harness: Harness
beforeAll(async () => {
  harness = await createHarness()
})

it('has an expectation for every route that the router holds', () => {
  const held = harness.app.routes.map(({ method, path }) => ({ method, path }))
  const unknown = held.filter(({ method, path }) => {
    if (patterns.includes(path)) return false
    const name = `${method} ${path.replaceAll(/:(\w+)(\{[^}]*\})?/g, '{$1}')}`
    return !operations.has(name) && !(name in others)
  })
  expect(unknown).toEqual([])
  expect(held.length).toBeGreaterThan(operations.size)
})

it.each(Object.entries(others))('%s answers strangers and people as expected', async (name, expected) => {
  const own = await createHarness()
  const [method = '', path = ''] = name.split(' ')
  expect((await own.call(method, path)).status).toBe(expected.stranger)
  for (const role of roles) {
    await own.signInAs(role)
    expect((await own.call(method, path)).status, role).toBe(expected.person)
    own.signOut()
  }
})

describe('sign-in', () => {
  it('opens of better-auth what is named here, and nothing else', async () => {
    const endpoints = harness.deps.auth.endpoints()
    expect(endpoints.length).toBeGreaterThan(20)
    for (const endpoint of endpoints) {
      const [method = '', path = ''] = endpoint.split(' ')
      if (endpoint in authPaths) continue
      const { status } = await harness.call(method, `/api/auth${path}`, method === 'GET' ? undefined : {})
      expect(status, endpoint).toBe(404)
    }
    expect(Object.keys(authPaths).filter((path) => !endpoints.includes(path))).toEqual([])
  })

  it.each(Object.entries(authPaths))('%s answers an empty request as expected', async (name, expected) => {
    const own = await createHarness()
    const [method = '', path = ''] = name.split(' ')
    let asked = 0
    const ask = async () => {
      // better-auth counts by address.
      const peer = `203.0.113.${++asked}`
      const body = method === 'GET' ? undefined : {}
      return (await own.call(method, `/api/auth${path}`, body, { peer })).status
    }
    expect(expected.stranger).toContain(await ask())
    for (const role of roles) {
      await own.signInAs(role)
      expect(expected.person, role).toContain(await ask())
      own.signOut()
    }
  })

  it('takes no change from another site’s page', async () => {
    const own = await createHarness()
    await own.signIn()
    for (const name of Object.keys(authPaths).filter((path) => path.startsWith('POST'))) {
      const headers = { origin: 'https://evil.example' }
      const answer = await own.call('POST', `/api/auth${name.slice(5)}`, { password: 'x' }, headers)
      expect(answer, name).toMatchObject({ status: 403, body: { code: 'foreign-origin' } })
    }
    expect((await own.call('GET', '/api/v1/me')).status).toBe(200)
  })

  it('takes no API key for a session', async () => {
    const own = await createHarness()
    await own.signIn()
    const input = { name: 'all', scopes: ['read', 'operate', 'deploy', 'admin'], expiresInDays: 1 }
    const { key } = (await own.call('POST', '/api/v1/me/api-keys', input)).body
    own.signOut()
    const headers = { authorization: `Bearer ${key}`, origin: '' }
    expect((await own.call('GET', '/api/auth/get-session', undefined, headers)).body).toBeNull()
    for (const name of Object.keys(authPaths).filter(
      (path) => path.startsWith('POST /two') || path.includes('change'),
    )) {
      const body = { password: 'correct horse battery staple', code: '123456' }
      const { status } = await own.call('POST', `/api/auth${name.slice(5)}`, body, headers)
      expect([400, 401, 403], name).toContain(status)
    }
  })
})
