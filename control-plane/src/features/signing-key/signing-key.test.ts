import { deployments } from '@dragonfly/schema/db'
import {
  type SignerKey,
  type SignerLink,
  type SiteState,
  signerLinksAbility,
  workOrderType,
} from '@dragonfly/schema/wire'
import { compactVerify, decodeProtectedHeader, importJWK } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  createDeployable,
  createHarness,
  type Harness,
  openTunnel,
  type TestEdge,
} from '../../testing/harness.ts'
import { signerGoodForMs } from '../orders/signer.ts'
import { overlapMs, replaceKey } from './replace-key.ts'
import { tendSigningKey } from './service.ts'

let harness: Harness
beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
})

const read = async () => (await harness.call('GET', '/api/v1/signing-key')).body
const replace = async (input: object = {}) =>
  harness.call('POST', '/api/v1/signing-key/replace', { replaces: (await read()).kid, ...input })

async function readState(edge: TestEdge): Promise<SiteState> {
  const authorization = `Bearer ${await edge.token()}`
  return (await harness.call('GET', '/api/edge/v1/state', undefined, { authorization, cookie: '' })).body
}

/** Follows the links as an edge does that knows this key. */
async function follow(links: readonly string[], from: SignerKey): Promise<SignerKey> {
  let known = from
  for (const link of links) {
    if (decodeProtectedHeader(link).kid !== known.kid) continue
    const { payload } = await compactVerify(link, await importJWK(known.jwk, 'EdDSA'))
    const { kid, jwk }: SignerLink = JSON.parse(new TextDecoder().decode(payload))
    known = { kid, jwk }
  }
  return known
}

const verifies = async (jws: string, { kid, jwk }: SignerKey) => {
  if (decodeProtectedHeader(jws).kid !== kid) return false
  return compactVerify(jws, await importJWK(jwk, 'EdDSA')).then(
    () => true,
    () => false,
  )
}

describe('the signing key', () => {
  it('is followed by another one, which the one before vouches for, as often as it is replaced', async () => {
    const edge = await harness.enrol(await harness.createSite())
    const [first] = edge.enrolled.signerKeys
    if (!first) throw new Error('an edge is told the key')
    const kids = [(await read()).kid]
    for (const _ of [1, 2, 3]) {
      const { status, body } = await replace()
      expect(status).toBe(200)
      kids.push(body.kid)
    }
    expect(new Set(kids).size).toBe(4)
    expect(await read()).toEqual({
      kid: kids[3],
      createdAt: harness.clock.now,
      earlier: [2, 1, 0].map((index) => ({ kid: kids[index], until: harness.clock.now + overlapMs })),
      behind: [],
    })
    // An edge that was away all the time follows what its state says.
    const state = await readState(edge)
    expect(state.signerKeys.map(({ kid }) => kid)).toEqual(kids.toReversed())
    expect((await follow(state.signerLinks ?? [], first)).kid).toBe(kids[3])
  })

  it('signs at once, and what it signs leads there from the one before', async () => {
    const { signerKeys } = await harness.deps.signer.trust()
    const [first] = signerKeys
    if (!first) throw new Error('there is a key')
    const { body } = await replace()
    const jws = await harness.deps.signer.sign('dragonfly-revocation+jwt', { edgeId: 'x', revokedAt: 1 })
    const { kid, links } = decodeProtectedHeader(jws)
    expect(kid).toBe(body.kid)
    const newest = await follow(links as string[], first)
    expect(await verifies(jws, newest)).toBe(true)
    // Orders come with the state, which has the links.
    const order = await harness.deps.signer.sign(workOrderType, { any: 'thing' })
    expect(decodeProtectedHeader(order).links).toBeUndefined()
  })

  it('is not replaced twice by two who saw the same one', async () => {
    const { kid } = await read()
    const both = await Promise.all(
      [1, 2].map(() => harness.call('POST', '/api/v1/signing-key/replace', { replaces: kid })),
    )
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
    expect(both.find(({ status }) => status === 409)?.body.code).toBe('signing-key-changed')
    expect((await read()).earlier).toHaveLength(1)
  })

  it('changes what the edges fetch, and tells the portal', async () => {
    const edge = await harness.enrol(await harness.createSite())
    const { version } = await readState(edge)
    await replace({ isStolen: false })
    expect((await readState(edge)).version).toBeGreaterThan(version)
    expect(harness.live).toContainEqual({ type: 'changed', entity: 'setup', id: 'signing-key' })
    const { items } = (await harness.call('GET', '/api/v1/audit?operation=replaceSigningKey')).body
    expect(items[0]).toMatchObject({ details: { isStolen: false }, outcome: 'done' })
    expect(JSON.stringify([items, await read()])).not.toContain('sealed')
  })

  it('is seen by other processes soon', async () => {
    const { kid } = await read()
    await replaceKey(harness.deps, { replaces: kid, isStolen: false })
    harness.clock.now += signerGoodForMs
    const [current] = (await harness.deps.signer.trust()).signerKeys
    expect(current?.kid).toBe((await read()).kid)
    expect(current?.kid).not.toBe(kid)
  })

  it('stays while an edge is connected that could not follow, unless it was stolen', async () => {
    const edge = await harness.enrol(await harness.createSite())
    const old = await openTunnel(harness, edge, { commands: ['bmc.power'] })
    await old.next('welcome')
    expect((await read()).behind).toEqual([{ edgeId: edge.edgeId, hostname: 'pi' }])
    expect(await replace()).toMatchObject({
      status: 409,
      body: { code: 'edges-too-old', detail: expect.stringContaining('pi') },
    })
    expect((await replace({ isStolen: true })).status).toBe(200)
    old.close()
    const updated = await openTunnel(harness, edge, { commands: [signerLinksAbility] })
    await updated.next('welcome')
    expect((await replace()).status).toBe(200)
  })

  it('is replaced by administrators alone', async () => {
    const { kid } = await read()
    await harness.signInAs('user')
    expect((await harness.call('GET', '/api/v1/signing-key')).status).toBe(403)
    const answer = await harness.call('POST', '/api/v1/signing-key/replace', { replaces: kid })
    expect(answer.status).toBe(403)
  })
})

describe('what was signed before', () => {
  async function deploy() {
    const deployable = await createDeployable(harness)
    await harness.call('POST', '/api/v1/deployments', deployable.request)
    const [before] = deployable.edge.enrolled.signerKeys
    if (!before) throw new Error('an edge is told the key')
    return { ...deployable, before }
  }
  const order = async () => {
    const [row] = await harness.deps.db.select({ jws: deployments.workOrder }).from(deployments)
    return row?.jws ?? ''
  }
  const payload = (jws: string) => jws.split('.')[1]

  it('counts until its time is over, and is signed anew if it is under way then', async () => {
    const { edge, before } = await deploy()
    const signed = await order()
    await replace()
    expect(await order()).toBe(signed)
    expect((await readState(edge)).signerKeys).toContainEqual(before)
    harness.clock.now += overlapMs
    await tendSigningKey(harness.deps)
    const state = await readState(edge)
    expect(state.signerKeys).toHaveLength(1)
    const newest = await follow(state.signerLinks ?? [], before)
    expect(state.signerKeys).toEqual([newest])
    expect(payload(await order())).toBe(payload(signed))
    expect(await verifies(await order(), newest)).toBe(true)
    expect(state.deployments[0]?.order).toBe(await order())
    // Once is enough.
    await tendSigningKey(harness.deps)
    expect((await readState(edge)).version).toBe(state.version)
  })

  it('does not count after a theft: it is signed anew at once, and edges forget the key for good', async () => {
    const { edge, before } = await deploy()
    const signed = await order()
    await replace({ isStolen: true })
    const state = await readState(edge)
    expect(state.signerKeys).toHaveLength(1)
    const [link = ''] = state.signerLinks ?? []
    const { forgetsEarlier }: SignerLink = JSON.parse(
      atob((payload(link) ?? '').replaceAll('-', '+').replaceAll('_', '/')),
    )
    expect(forgetsEarlier).toBe(true)
    expect(payload(await order())).toBe(payload(signed))
    expect(await verifies(await order(), await follow([link], before))).toBe(true)
  })

  it('is not signed anew when it was altered', async () => {
    await deploy()
    const [header, claims, signature] = (await order()).split('.')
    const altered = `${header}.${claims?.slice(0, -4)}AAAA.${signature}`
    await harness.deps.db.update(deployments).set({ workOrder: altered })
    await replace({ isStolen: true })
    expect(await order()).toBe(altered)
  })
})
