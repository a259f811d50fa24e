import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { accessLevels } from './access.ts'
import { createOpenApiDocument } from './openapi.ts'
import { createHarness, type Harness } from './testing/harness.ts'
import { version } from './version.ts'

type Operation = { method: string; path: string; access: unknown; operationId: string; responses: string[] }

const committed = JSON.parse(await readFile(new URL('../openapi.json', import.meta.url), 'utf8'))
const operations: Operation[] = Object.entries<Record<string, Record<string, unknown>>>(
  committed.paths,
).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    method: method.toUpperCase(),
    path: path.replaceAll(/\{.+?\}/g, 'a'.repeat(64)),
    access: operation['x-access'],
    operationId: String(operation.operationId),
    responses: Object.keys(operation.responses ?? {}),
  })),
)

let harness: Harness
beforeAll(async () => {
  harness = await createHarness()
})

it('has a committed description that is up to date', () => {
  expect(committed).toEqual(JSON.parse(JSON.stringify(createOpenApiDocument(version))))
})

it('names every operation once, in camelCase', () => {
  const names = operations.map(({ operationId }) => operationId)
  expect(new Set(names).size).toBe(names.length)
  for (const name of names) expect(name).toMatch(/^[a-z][a-zA-Z]+$/)
})

it.each(operations)('$method $path says who may call it', ({ access }) => {
  expect(accessLevels).toContain(access)
})

it.each(operations.filter(({ access }) => access !== 'public'))(
  '$method $path ($access) answers 401 to a stranger, and says that it may',
  async ({ method, path, responses }) => {
    const answer = await harness.call(method, path, method === 'GET' || method === 'DELETE' ? undefined : {})
    expect(answer.status).toBe(401)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(responses).toContain('401')
  },
)

describe('by role', () => {
  it('lets nobody but an administrator do what is an administrator’s', async () => {
    const own = await createHarness()
    await own.signInAs('user')
    const guarded = operations.filter(({ access }) => access === 'administrator')
    expect(guarded.length).toBeGreaterThan(3)
    for (const { method, path } of guarded) {
      expect((await own.call(method, path, method === 'GET' ? undefined : {})).status).toBe(403)
    }
  })

  it('lets a viewer look, and change nothing', async () => {
    const own = await createHarness()
    await own.signInAs('viewer')
    const forPeople = operations.filter(({ access }) => access === 'signed-in' || access === 'administrator')
    for (const { method, path, access } of forPeople) {
      const { status } = await own.call(method, path, method === 'GET' ? undefined : {})
      if (method === 'GET' && access === 'signed-in') expect([200, 404, 426]).toContain(status)
      else expect(status).toBe(403)
    }
  })
})

describe('requests from elsewhere', () => {
  it('refuses a change from another site’s page, or one that does not say where it comes from', async () => {
    const own = await createHarness()
    await own.signIn()
    const body = { name: 'Attic' }
    expect((await own.call('POST', '/api/v1/sites', body, { origin: 'https://evil.example' })).status).toBe(
      403,
    )
    expect((await own.call('POST', '/api/v1/sites', body, { origin: '' })).status).toBe(403)
    const rebound = { host: 'evil.example:3000', origin: 'http://evil.example:3000' }
    expect((await own.call('POST', '/api/v1/sites', body, rebound)).status).toBe(403)
    const byAddress = { host: '192.168.1.5:3000', origin: 'http://192.168.1.5:3000' }
    expect((await own.call('POST', '/api/v1/sites', body, byAddress)).status).toBe(201)
  })

  it('refuses to open the live events for another site’s page', async () => {
    const own = await createHarness()
    await own.signIn()
    const headers = { upgrade: 'websocket', origin: 'https://evil.example' }
    const answer = await own.call('GET', '/api/v1/events', undefined, headers)
    expect(answer).toMatchObject({ status: 403, body: { code: 'foreign-origin' } })
  })

  it('has nothing at an address that is not declared', async () => {
    expect((await harness.call('GET', '/api/v1/nonsense')).status).toBe(404)
    expect((await harness.call('PUT', '/api/v1/sites', {})).status).toBe(404)
  })
})
