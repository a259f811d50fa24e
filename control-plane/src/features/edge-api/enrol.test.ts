import { edges } from '@dragonfly/schema/db'
import { revocationHeader } from '@dragonfly/schema/wire'
import { compactVerify, importJWK } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { createEdgeKey, createHarness, type Harness, openTunnel } from '../../testing/harness.ts'

let harness: Harness
beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
})

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

async function createRequest(siteId: string) {
  const { token } = (await harness.call('POST', `/api/v1/sites/${siteId}/enrolment-tokens`)).body
  const { publicKey } = await createEdgeKey()
  return { token, publicKey, hostname: 'pi', version: '0.1.0' }
}

describe('enrolment', () => {
  it('counts tries by address: a flood from one keeps nobody else out', async () => {
    const request = { ...(await createRequest(await harness.createSite())), token: 'dfe_nonsense-nonsense' }
    const statuses = new Set<number>()
    for (let i = 0; i < 20; i++) {
      statuses.add((await harness.call('POST', '/api/edge/v1/enrol', request, { peer: '192.0.2.1' })).status)
    }
    expect(statuses).not.toContain(429)
    const enrol = async (peer: string) =>
      (await harness.call('POST', '/api/edge/v1/enrol', request, { peer })).status
    expect(await enrol('192.0.2.1')).toBe(429)
    expect(await enrol('192.0.2.2')).not.toBe(429)
  })

  it('gives the exact line to run', async () => {
    const siteId = await harness.createSite()
    const { body } = await harness.call('POST', `/api/v1/sites/${siteId}/enrolment-tokens`)
    expect(body.command).toBe(`npx dragonfly-edge join http://localhost:3000 ${body.token}`)
    expect(body.expiresAt).toBe(harness.clock.now + 3_600_000)
  })

  it('takes a token once, also when two edges use it at the same moment', async () => {
    const request = await createRequest(await harness.createSite())
    const { publicKey } = await createEdgeKey()
    const answers = await Promise.all([
      harness.call('POST', '/api/edge/v1/enrol', request),
      harness.call('POST', '/api/edge/v1/enrol', { ...request, publicKey }),
    ])
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
    const again = await harness.call('POST', '/api/edge/v1/enrol', request)
    expect(again).toMatchObject({ status: 409, body: { code: 'token-used' } })
    expect(again.body.detail).toContain('Add an edge')
    expect((await harness.call('GET', '/api/v1/edges')).body.items).toHaveLength(1)
  })

  it('refuses an expired token and an unknown one', async () => {
    const request = await createRequest(await harness.createSite())
    harness.clock.now += 3_600_001
    expect(await harness.call('POST', '/api/edge/v1/enrol', request)).toMatchObject({
      status: 410,
      body: { code: 'token-expired' },
    })
    expect(
      await harness.call('POST', '/api/edge/v1/enrol', { ...request, token: 'dfe_0123456789abcdef' }),
    ).toMatchObject({ status: 401, body: { code: 'token-unknown' } })
  })

  it('shows the edge with its fingerprint, never seen', async () => {
    const siteId = await harness.createSite()
    await harness.enrol(siteId)
    const { items } = (await harness.call('GET', `/api/v1/edges?siteId=${siteId}`)).body
    expect(items).toMatchObject([{ siteId, siteName: 'Attic', hostname: 'pi', status: 'never-seen' }])
    expect(items[0].fingerprint).toMatch(/^[\w-]{43}$/)
  })
})

describe('an edge’s requests', () => {
  it('are answered by state and version', async () => {
    const edge = await harness.enrol(await harness.createSite())
    const first = await harness.call('GET', '/api/edge/v1/state', undefined, bearer(await edge.token()))
    expect(first).toMatchObject({
      status: 200,
      body: { siteId: edge.siteId, siteName: 'Attic', machines: [] },
    })
    const etag = first.headers.get('etag') ?? ''
    expect(etag).toBe(`"${first.body.generation}.${first.body.version}"`)
    const same = { ...bearer(await edge.token()), 'if-none-match': etag }
    expect((await harness.call('GET', '/api/edge/v1/state', undefined, same)).status).toBe(304)
    await harness.call('POST', '/api/v1/machines', { siteId: edge.siteId, mac: 'AA-BB-CC-DD-EE-0F' })
    const changed = { ...bearer(await edge.token()), 'if-none-match': etag }
    const second = await harness.call('GET', '/api/edge/v1/state', undefined, changed)
    expect(second).toMatchObject({
      status: 200,
      body: { machines: [{ macs: ['aa:bb:cc:dd:ee:0f'], adopted: true }] },
    })
  })

  it('are refused with a token that was used, is old, lives too long, or is another edge’s', async () => {
    const edge = await harness.enrol(await harness.createSite())
    const state = async (token: string) =>
      (await harness.call('GET', '/api/edge/v1/state', undefined, bearer(token))).status
    const token = await edge.token()
    expect(await state(token)).toBe(200)
    expect(await state(token)).toBe(401)
    expect(await state(await edge.token({ expiresAt: harness.clock.now - 120_000 }))).toBe(401)
    expect(await state(await edge.token({ expiresAt: harness.clock.now + 3_600_000 }))).toBe(401)
    const [header, , signature] = (await edge.token()).split('.')
    const claims = { iss: edge.edgeId, aud: edge.enrolled.controlPlaneId, exp: 4e9, jti: 'x' }
    const forged = [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.')
    expect(await state(forged)).toBe(401)
    expect(await state('nonsense')).toBe(401)
  })

  it('are refused when it was revoked, and its tunnel is cut', async () => {
    const edge = await harness.enrol(await harness.createSite())
    const tunnel = await openTunnel(harness, edge)
    await tunnel.next('welcome')
    expect((await harness.call('GET', '/api/v1/edges')).body.items[0].status).toBe('online')
    expect((await harness.call('DELETE', `/api/v1/edges/${edge.edgeId}`)).status).toBe(204)
    expect(tunnel.closed).toMatchObject({ code: 4401, reason: 'revoked' })
    const answer = await harness.call('GET', '/api/edge/v1/state', undefined, bearer(await edge.token()))
    expect(answer).toMatchObject({ status: 401, body: { code: 'edge-revoked' } })
    const [signer] = edge.enrolled.signerKeys
    const proof = answer.headers.get(revocationHeader) ?? ''
    const { payload } = await compactVerify(proof, await importJWK({ ...signer?.jwk }, 'EdDSA'))
    expect(JSON.parse(new TextDecoder().decode(payload))).toEqual({
      edgeId: edge.edgeId,
      revokedAt: harness.clock.now,
    })
    expect((await harness.call('GET', '/api/v1/edges')).body.items[0].status).toBe('revoked')
  })

  it('end its membership when it leaves', async () => {
    const edge = await harness.enrol(await harness.createSite())
    const leave = async () =>
      (await harness.call('POST', '/api/edge/v1/leave', undefined, bearer(await edge.token()))).status
    expect(await leave()).toBe(204)
    expect((await harness.call('GET', '/api/v1/edges')).body.items[0].status).toBe('revoked')
    expect(await leave()).toBe(401)
  })

  it('for the bundle say that there is none yet', async () => {
    const edge = await harness.enrol(await harness.createSite())
    const answer = await harness.call(
      'GET',
      '/api/edge/v1/bundle/manifest',
      undefined,
      bearer(await edge.token()),
    )
    expect(answer).toMatchObject({ status: 404, body: { code: 'bundle-missing' } })
  })
})

describe('sites and interfaces', () => {
  it('switch a network service on by interface, and tell the edge', async () => {
    const edge = await harness.enrol(await harness.createSite())
    const tunnel = await openTunnel(harness, edge, { stateVersion: 1 })
    await tunnel.next('welcome')
    const patch = { interfaces: [{ name: 'eth0', mode: 'proxy' }] }
    const answer = await harness.call('PATCH', `/api/v1/edges/${edge.edgeId}`, patch)
    expect(answer.body.interfaces).toMatchObject([{ name: 'eth0', mode: 'proxy', up: false }])
    expect(await tunnel.next('state-changed')).toMatchObject({ version: 2 })
    expect(answer.body.upToDate).toBe(false)
    tunnel.send({ type: 'state-applied', generation: harness.deps.identity.generation, version: 2 } as never)
    tunnel.send({ type: 'ping' })
    await tunnel.next('pong')
    expect((await harness.call('GET', '/api/v1/edges')).body.items[0].upToDate).toBe(true)
  })

  it('give out addresses only where they fit the network, and keep one for a machine', async () => {
    const siteId = await harness.createSite()
    const edge = await harness.enrol(siteId)
    const path = `/api/v1/edges/${edge.edgeId}`
    const dhcp = {
      firstAddress: '10.9.0.10',
      lastAddress: '10.9.0.99',
      gateway: null,
      dnsServers: [],
      ntpServers: [],
      domain: null,
      leaseSeconds: 600,
      clients: 'everyone',
      relayed: [],
    }
    const full = (settings?: object) =>
      harness.call('PATCH', path, { interfaces: [{ name: 'eth0', mode: 'full', dhcpSettings: settings }] })
    expect((await full(dhcp)).body.detail).toContain('no address of its own')
    const [nic] = [
      { name: 'eth0', mac: '52:54:00:00:00:09', address: '10.9.0.2', prefixLength: 24, up: true },
    ]
    await harness.deps.db.update(edges).set({ interfaces: [nic] })
    expect((await full()).body.detail).toContain('Say which addresses')
    expect((await full({ ...dhcp, firstAddress: '10.9.0.1' })).body.errors).toMatchObject([
      { path: 'interfaces.0.dhcpSettings.firstAddress', message: expect.stringContaining('own address') },
    ])
    expect((await full(dhcp)).body.interfaces).toMatchObject([
      { name: 'eth0', mode: 'full', dhcpSettings: dhcp },
    ])
    // Switched off and on again, it is as it was.
    await harness.call('PATCH', path, { interfaces: [{ name: 'eth0', mode: 'off' }] })
    expect((await full()).status).toBe(200)

    const [one, two] = await Promise.all(
      ['01', '02'].map((last) =>
        harness.call('POST', '/api/v1/machines', { siteId, mac: `52:54:00:00:00:${last}` }),
      ),
    )
    const reserve = (machineId: string) =>
      harness.call('PATCH', `/api/v1/machines/${machineId}`, { reservedAddress: '10.9.0.50' })
    expect((await reserve(one?.body.machineId)).body.reservedAddress).toBe('10.9.0.50')
    expect((await reserve(two?.body.machineId)).body.code).toBe('address-taken')
    const state = await harness.call('GET', '/api/edge/v1/state', undefined, bearer(await edge.token()))
    // An edge that knows no mode `full` has to understand this, too.
    expect(state.body.interfaces).toEqual([{ name: 'eth0', mode: 'proxy', dhcp }])
    const reservations = state.body.machines.flatMap(
      ({ reservation }: { reservation: object | null }) => reservation ?? [],
    )
    expect(reservations).toEqual([{ mac: '52:54:00:00:00:01', address: '10.9.0.50' }])
  })

  it('keep a site that has machines, and names apart', async () => {
    const siteId = await harness.createSite()
    expect((await harness.call('POST', '/api/v1/sites', { name: 'Attic' })).status).toBe(409)
    const machine = await harness.call('POST', '/api/v1/machines', { siteId, mac: '52:54:00:00:00:01' })
    expect((await harness.call('DELETE', `/api/v1/sites/${siteId}`)).body.code).toBe('site-has-machines')
    const gone = await harness.call('DELETE', `/api/v1/machines/${machine.body.machineId}`)
    expect(gone.body.nextNetboot).toContain('discovers it again')
    expect((await harness.call('DELETE', `/api/v1/sites/${siteId}`)).status).toBe(204)
    expect((await harness.call('GET', `/api/v1/sites/${siteId}`)).status).toBe(404)
  })

  it('count an edge as lost when it was not heard for ninety seconds', async () => {
    const edge = await harness.enrol(await harness.createSite())
    const tunnel = await openTunnel(harness, edge)
    await tunnel.next('welcome')
    tunnel.close()
    const status = async () => (await harness.call('GET', '/api/v1/edges')).body.items[0].status
    expect(await status()).toBe('online')
    harness.clock.now += 90_001
    expect(await status()).toBe('lost')
  })
})
