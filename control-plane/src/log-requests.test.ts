import { beforeEach, describe, expect, it } from 'vitest'
import { sealed } from './testing/adopted-bmc.ts'
import { createDeployable, createHarness, type Harness } from './testing/harness.ts'

let harness: Harness
beforeEach(async () => {
  harness = await createHarness()
})

/** Lines of the log since it was last asked for. */
function takeLines() {
  return harness.logged.splice(0).map((line) => JSON.parse(line))
}

const requestLine = () => takeLines().find(({ method }) => method)

describe('the id of a request', () => {
  it('is in the answer’s header, in a problem, and on each line that is logged for it', async () => {
    harness.deps.bundle.status = () => Promise.reject(new Error('no such thing'))
    takeLines()
    const { status, body, headers } = await harness.call('GET', '/api/v1/setup')
    expect(status).toBe(500)
    const requestId = headers.get('x-request-id')
    expect(requestId).toMatch(/^\w{4}-\w{4}-\w{4}$/)
    expect(body.requestId).toBe(requestId)
    const lines = takeLines()
    expect(lines).toHaveLength(2)
    for (const line of lines) expect(line).toMatchObject({ level: 'error', requestId })
    expect(lines[0].error.message).toBe('no such thing')
    expect(lines[1]).toMatchObject({
      method: 'GET',
      route: '/api/v1/setup',
      status: 500,
      problem: 'internal',
    })
  })

  it('is the one that a proxy gave, when it can be borne, and differs otherwise', async () => {
    const ask = async (given?: string) =>
      (
        await harness.call('GET', '/api/v1/setup', undefined, given ? { 'x-request-id': given } : {})
      ).headers.get('x-request-id')
    expect(await ask('8f2c1a-FRA:1')).toBe('8f2c1a-FRA:1')
    const made = new Set([await ask(), await ask(), await ask('{"level":"x"}'), await ask('a'.repeat(65))])
    expect(made.size).toBe(4)
    for (const id of made) expect(id).toMatch(/^\w{4}-\w{4}-\w{4}$/)
  })

  it('does not mix up requests that are answered at the same time', async () => {
    await harness.signIn()
    takeLines()
    const ids = Array.from({ length: 10 }, (_, index) => `request-${index}`)
    await Promise.all(
      ids.map((id, index) =>
        harness.call('GET', `/api/v1/machines/m${index}`, undefined, { 'x-request-id': id }),
      ),
    )
    const lines = takeLines().filter(({ method }) => method)
    expect(lines).toHaveLength(ids.length)
    for (const { requestId, machineId } of lines)
      expect(ids.indexOf(requestId)).toBe(Number(machineId.slice(1)))
  })
})

describe('the line of a request', () => {
  it('names the route, who asked, and what it was about', async () => {
    await harness.signIn()
    const { machineId } = await createDeployable(harness)
    takeLines()
    await harness.call('PATCH', `/api/v1/machines/${machineId}`, { name: 'db-1' })
    const line = requestLine()
    expect(line).toMatchObject({
      level: 'info',
      method: 'PATCH',
      route: '/api/v1/machines/{machineId}',
      status: 200,
      machineId,
      userId: expect.any(String),
      clientAddress: expect.stringMatching(/^198\.18\./),
      durationMs: expect.any(Number),
    })
    expect(line.message).toBe('PATCH /api/v1/machines/{machineId} 200')
  })

  it('has an edge’s id and its site’s', async () => {
    await harness.signIn()
    const edge = await harness.enrol(await harness.createSite())
    takeLines()
    await harness.call('GET', '/api/edge/v1/state', undefined, {
      authorization: `Bearer ${await edge.token()}`,
    })
    expect(requestLine()).toMatchObject({ status: 200, edgeId: edge.edgeId, siteId: edge.siteId })
  })

  it('never has an address that nobody declared', async () => {
    await harness.call('GET', '/api/v1/sesame-open-4711?token=sesame-open-4712')
    await harness.call('GET', '/sesame-open-4713#sesame-open-4714')
    await harness.call('GET', '/api/auth/reset-password/sesame-open-4715')
    expect(harness.logged.join('\n')).not.toContain('sesame')
    expect(takeLines().map(({ route }) => route)).toEqual(['/api/*', '/*', '/api/*'])
  })
})

it('logs no probe of its health, and of its readiness only changes', async () => {
  const probe = () => harness.call('GET', '/readyz')
  const told = () => takeLines().filter(({ level }) => level !== 'debug')
  for (const path of ['/healthz', '/readyz']) expect((await harness.call('GET', path)).status).toBe(200)
  expect(told()).toEqual([])
  const before = harness.deps.findHostProblems
  harness.deps.findHostProblems = async () => [{ check: 'disk', message: 'The disk is nearly full.' }]
  for (let i = 0; i < 3; i++) {
    expect(await probe()).toMatchObject({
      status: 503,
      body: { detail: 'disk: The disk is nearly full.', errors: [{ path: 'disk' }] },
    })
  }
  expect(told()).toMatchObject([{ message: 'not ready', reasons: 'disk: The disk is nearly full.' }])
  harness.deps.findHostProblems = before
  for (let i = 0; i < 2; i++) expect((await probe()).status).toBe(200)
  expect(told()).toMatchObject([{ level: 'info', message: 'ready again' }])
})

it('logs no secret, whatever people and edges do', async () => {
  const { call } = harness
  const password = 'correct horse battery staple'
  await harness.signIn()
  const secrets = [password, harness.deps.setupCode ?? 'none', sealed.ciphertext, sealed.protected]
  const { siteId, edge, machineId, request } = await createDeployable(harness)
  const token = (await call('POST', `/api/v1/sites/${siteId}/enrolment-tokens`)).body.token
  const key = (await call('POST', '/api/v1/me/api-keys', { name: 'ci', scopes: ['read'], expiresInDays: 30 }))
    .body.key
  const invitation = (await call('POST', '/api/v1/invitations', { email: 'grace@example.com', role: 'user' }))
    .body
  const edgeToken = await edge.token()
  const link = new URL(invitation.link).hash.slice(1)
  secrets.push(token, key, link, edgeToken)
  const asEdge = { authorization: `Bearer ${edgeToken}`, cookie: '' }
  await call('GET', '/api/edge/v1/state', undefined, asEdge)
  await call('GET', '/api/edge/v1/state', undefined, asEdge)
  await call('POST', '/api/edge/v1/enrol', { token, publicKey: {}, hostname: 'x', version: '1' })
  await call('GET', '/api/v1/machines', undefined, { authorization: `Bearer ${key}`, cookie: '' })
  await call('POST', '/api/v1/invitations/read', { token: link })
  const bmc = { address: '10.0.0.17', credentials: sealed }
  expect(await call('PUT', `/api/v1/machines/${machineId}/bmc`, bmc)).toMatchObject({ status: 200 })
  expect(await call('POST', '/api/v1/deployments', request)).toMatchObject({ status: 201 })
  await call('POST', '/api/auth/sign-in/email', { email: 'ada@example.com', password })
  await call('POST', '/api/auth/sign-in/email', { email: 'ada@example.com', password: 'hunter2-hunter2' })
  secrets.push('hunter2-hunter2')
  const signedIn = await call('POST', '/api/auth/sign-in/email', { email: 'ada@example.com', password })
  for (const cookie of signedIn.headers.getSetCookie())
    secrets.push(cookie.split(';')[0]?.split('=')[1] ?? cookie)
  const text = harness.logged.join('\n')
  expect(harness.logged.length).toBeGreaterThan(15)
  expect(secrets.map((secret) => secret?.length > 6)).toEqual(secrets.map(() => true))
  for (const secret of secrets) expect(text).not.toContain(secret)
})
