import { beforeEach, describe, expect, it } from 'vitest'
import { parseNetwork } from '../../addresses.ts'
import type { Database } from '../../database.ts'
import { createDeployable, createHarness, type Harness } from '../../testing/harness.ts'
import { clearAllowlist, createDoor, goodForMs } from './policy.ts'

const inside = { peer: '192.0.2.7' }
const outside = { peer: '198.51.100.1' }
const allowlist = ['192.0.2.0/24', '2001:db8::/32']

let harness: Harness
beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
})

function update(patch: unknown, headers: Record<string, string> = inside) {
  return harness.call('PATCH', '/api/v1/front-door', patch, headers)
}

describe('the allowlist', () => {
  it('shuts out every other address: panel, API, sign-in, live events, metrics, files', async () => {
    expect((await update({ allowlist })).status).toBe(200)
    const paths = ['/', '/machines/x', '/_astro/a.js', '/api/v1/setup', '/api/v1/me', '/api/v1/events']
    const more = ['/api/auth/get-session', '/metrics', '/openapi.json', '/api/v1/nonsense', '/nonsense']
    for (const path of [...paths, ...more]) {
      const refused = await harness.call('GET', path, undefined, outside)
      expect(refused.status, path).toBe(403)
      expect(refused.headers.get('x-dragonfly-problem'), path).toBe('address-refused')
      expect(
        (await harness.call('GET', path, undefined, inside)).headers.get('x-dragonfly-problem'),
      ).not.toBe('address-refused')
    }
    const signIn = { email: 'ada@example.com', password: 'correct horse battery staple' }
    const refused = await harness.call('POST', '/api/auth/sign-in/email', signIn, outside)
    expect(refused).toMatchObject({ status: 403, body: { code: 'address-refused' } })
    expect(refused.body.detail).toContain('198.51.100.1')
  })

  it('says on a short page which address was seen, and what to do', async () => {
    await update({ allowlist })
    const page = await harness.call('GET', '/', undefined, outside)
    expect(page.headers.get('content-type')).toContain('text/html')
    expect(page.body).toContain('198.51.100.1')
    expect(page.body).toContain('dragonfly allowlist clear')
    const unknown = await harness.call('GET', '/', undefined, { peer: '<script>alert(1)</script>' })
    expect(unknown.status).toBe(403)
    expect(unknown.body).not.toContain('<script>')
  })

  it('leaves health and edges alone: those prove who they are by their keys', async () => {
    const edge = await harness.enrol(await harness.createSite())
    await update({ allowlist })
    for (const path of ['/healthz', '/readyz']) {
      expect((await harness.call('GET', path, undefined, outside)).status).toBe(200)
    }
    const bearer = { authorization: `Bearer ${await edge.token()}`, cookie: '', ...outside }
    expect((await harness.call('GET', '/api/edge/v1/state', undefined, bearer)).status).toBe(200)
    for (const path of ['/api/edge/v1/../../v1/setup', '/api/edge/v1/%2e%2e/%2e%2e/v1/setup']) {
      expect((await harness.call('GET', path, undefined, outside)).status, path).toBeGreaterThanOrEqual(400)
    }
  })

  it('lets in an IPv4 address in IPv6 clothes', async () => {
    await update({ allowlist })
    expect((await harness.call('GET', '/api/v1/me', undefined, { peer: '::ffff:192.0.2.9' })).status).toBe(
      200,
    )
  })

  it.each([
    'x-forwarded-for',
    'cf-connecting-ip',
    'x-real-ip',
    'forwarded',
    'true-client-ip',
    'x-dragonfly-client-address',
  ])('is not fooled by %s', async (name) => {
    await update({ allowlist })
    const answer = await harness.call('GET', '/api/v1/me', undefined, { ...outside, [name]: '192.0.2.7' })
    expect(answer.status).toBe(403)
  })

  it('is not set so that who sets it is shut out, unless they typed that they want it', async () => {
    const refused = await update({ allowlist }, outside)
    expect(refused).toMatchObject({ status: 409, body: { code: 'locks-you-out' } })
    expect(refused.body.detail).toContain('198.51.100.1')
    expect((await harness.call('GET', '/api/v1/me', undefined, outside)).status).toBe(200)
    expect((await update({ allowlist, confirmation: 'lock me out' }, outside)).status).toBe(200)
    expect((await harness.call('GET', '/api/v1/me', undefined, outside)).status).toBe(403)
    expect((await update({ allowlist: [] })).status).toBe(200)
    expect((await harness.call('GET', '/api/v1/me', undefined, outside)).status).toBe(200)
  })

  it('keeps canonical networks, each once, and says which line is none', async () => {
    const written = await update({
      allowlist: ['192.0.2.9/24', '192.0.2.0/24', '::ffff:192.0.2.1', '2001:DB8::1'],
    })
    expect(written.body.allowlist).toEqual(['192.0.2.0/24', '192.0.2.1/32', '2001:db8::1/128'])
    const refused = await update({ allowlist: ['192.0.2.0/24', '192.0.2.0/33'] })
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: 'allowlist.1' }] } })
  })

  it('is cleared from the command line while the server runs', async () => {
    await update({ allowlist })
    expect(await clearAllowlist(harness.deps.db)).toBe(true)
    harness.clock.now += goodForMs
    expect((await harness.call('GET', '/api/v1/me', undefined, outside)).status).toBe(200)
    expect(await clearAllowlist(harness.deps.db)).toBe(false)
  })

  it('puts who was refused into the audit log, once a minute', async () => {
    await update({ allowlist })
    for (const path of ['/', '/api/v1/me', '/metrics']) await harness.call('GET', path, undefined, outside)
    const { body } = await harness.call('GET', '/api/v1/audit?operation=enter', undefined, inside)
    expect(body.items).toHaveLength(1)
    expect(body.items[0]).toMatchObject({
      actorKind: 'stranger',
      clientAddress: '198.51.100.1',
      outcome: 'refused',
      status: 403,
      code: 'address-refused',
    })
  })

  it('lets nobody in when what is stored can’t be read', async () => {
    await update({ allowlist })
    await harness.deps.db.run("update settings set value = 'x' where key = 'address-allowlist'")
    harness.clock.now += goodForMs
    expect((await harness.call('GET', '/api/v1/setup', undefined, inside)).status).toBe(500)
  })
})

describe('behind a proxy', () => {
  beforeEach(async () => {
    const trustedProxies = ['10.0.0.0/8'].flatMap((text) => parseNetwork(text) ?? [])
    harness = await createHarness({ trustedProxies })
    await harness.signIn()
  })

  it('believes the proxy, and nothing that was written left of what it wrote', async () => {
    const proxied = (forwardedFor: string) => ({ peer: '10.0.0.1', 'x-forwarded-for': forwardedFor })
    expect((await update({ allowlist }, proxied('192.0.2.7'))).status).toBe(200)
    const look = async (headers: Record<string, string>) =>
      (await harness.call('GET', '/api/v1/me', undefined, headers)).status
    expect(await look(proxied('192.0.2.7'))).toBe(200)
    expect(await look(proxied('198.51.100.1, 192.0.2.7'))).toBe(200)
    expect(await look(proxied('192.0.2.7, 198.51.100.1'))).toBe(403)
    expect(await look({ peer: '198.51.100.1', 'x-forwarded-for': '192.0.2.7' })).toBe(403)
    const view = await harness.call('GET', '/api/v1/front-door', undefined, proxied('192.0.2.7'))
    expect(view.body).toMatchObject({ yourAddress: '192.0.2.7', ignoredForwardedFor: false })
  })
})

it('says so when a proxy’s header was not believed', async () => {
  const headers = { ...inside, 'x-forwarded-for': '203.0.113.1' }
  const { body } = await harness.call('GET', '/api/v1/front-door', undefined, headers)
  expect(body).toMatchObject({ yourAddress: '192.0.2.7', ignoredForwardedFor: true, frontPage: 'signed-in' })
})

describe('the front page', () => {
  const look = () => harness.call('GET', '/api/v1/summary', undefined, { cookie: '' })

  it('is closed at first', async () => {
    expect(await look()).toMatchObject({ status: 401 })
  })

  it('shows numbers to anybody when it is open, and no name, address or serial of anything', async () => {
    const siteId = await harness.createSite('Secret site')
    const machine = { siteId, mac: '52:54:00:aa:bb:cc', name: 'secret-host' }
    const { machineId } = (await harness.call('POST', '/api/v1/machines', machine)).body
    await update({ frontPage: 'open' })
    const { status, body } = await look()
    expect(status).toBe(200)
    expect(Object.values<number>(body.machines).reduce((sum, machines) => sum + machines, 0)).toBe(1)
    expect(body).toMatchObject({ deployedTotal: 0, deployedLastWeek: 0, averageMs: null, bar: [] })
    const told = JSON.stringify(body)
    for (const secret of ['ecret', 'aa:bb:cc', machineId, siteId, 'Ada', 'ada@'])
      expect(told).not.toContain(secret)
    expect((await harness.call('GET', '/api/v1/machines', undefined, { cookie: '' })).status).toBe(401)
  })

  it('counts each machine by its own newest deployment', async () => {
    const { machineId, siteId, request } = await createDeployable(harness)
    await harness.call('POST', `/api/v1/machines/${machineId}/adopt`, {})
    const other = await harness.call('POST', '/api/v1/machines', { siteId, mac: '52:54:00:00:00:02' })
    await harness.call('POST', `/api/v1/machines/${other.body.machineId}/adopt`, {})
    expect((await harness.call('POST', '/api/v1/deployments', request)).status).toBe(201)
    await update({ frontPage: 'open' })
    const { body } = await look()
    expect(body.machines).toMatchObject({ armed: 1, ready: 1, deployed: 0, discovered: 0 })
    expect(body.bar).toEqual([{ status: 'armed', durationMs: null }])
  })

  it('shows the panel to administrators only, when it says so, and lets others at their own account', async () => {
    await update({ frontPage: 'administrators' })
    expect((await harness.call('GET', '/api/v1/machines')).status).toBe(200)
    await harness.signInAs('user')
    for (const path of ['/api/v1/machines', '/api/v1/sites', '/api/v1/events', '/metrics']) {
      const refused = await harness.call('GET', path)
      expect(refused, path).toMatchObject({ status: 403, body: { code: 'administrators-only' } })
    }
    expect((await harness.call('GET', '/api/v1/me')).status).toBe(200)
    expect((await harness.call('GET', '/api/v1/me/sessions')).status).toBe(200)
    expect((await look()).status).toBe(401)
  })
})

describe('/metrics', () => {
  it('wants somebody who may read, or the token', async () => {
    harness = await createHarness({ metricsToken: 'a token of some length' })
    const read = (headers: Record<string, string>) => harness.call('GET', '/metrics', undefined, headers)
    expect((await read({})).status).toBe(401)
    expect((await read({ authorization: 'Bearer a token of some' })).status).toBe(401)
    const scraped = await read({ authorization: 'Bearer a token of some length' })
    expect(scraped).toMatchObject({ status: 401 })
    harness = await createHarness({ metricsToken: 'a-token-of-some-length' })
    expect((await read({ authorization: 'Bearer a-token-of-some-length' })).status).toBe(200)
    await harness.signInAs('viewer')
    expect((await read({})).status).toBe(200)
  })
})

describe('the policy that is kept between requests', () => {
  /** The database, of which the first question is never answered: its request was ended. */
  function withoutFirstAnswer(db: Database): Database {
    let asked = 0
    const batch: Database['batch'] = (statements) =>
      asked++ === 0 ? new Promise<never>(() => undefined) : db.batch(statements)
    return new Proxy(db, { get: (target, name) => (name === 'batch' ? batch : Reflect.get(target, name)) })
  }

  it('keeps nobody waiting for another request’s question', async () => {
    const door = createDoor(withoutFirstAnswer(harness.deps.db), () => 0)
    void door.policy()
    expect((await door.policy()).allowlist).toEqual([])
  })

  it('is not what was read while it changed', async () => {
    const { db } = harness.deps
    const door = createDoor(db, () => 0)
    const asked = door.policy()
    door.forget()
    await asked
    await update({ allowlist })
    expect((await door.policy()).allowlist).toHaveLength(2)
  })
})
