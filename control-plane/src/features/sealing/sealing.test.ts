import { createRecoveryKey } from '@dragonfly/schema/sealing'
import { type SealingRecipient, sealingKeyType } from '@dragonfly/schema/wire'
import { CompactSign } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  createEdgeKey,
  createHarness,
  type Harness,
  openTunnel,
  type TestEdge,
} from '../../testing/harness.ts'

let harness: Harness
let siteId: string
beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
  siteId = await harness.createSite()
})

type EdgeKey = Awaited<ReturnType<typeof createEdgeKey>>

/** A sealing key as an edge sends it, signed by its identity key. */
async function signSealingKey(identity: EdgeKey, previous: string[] = []) {
  const { kid, publicJwk } = await createRecoveryKey()
  const claims = { kid, jwk: publicJwk, previous, iat: 1_700_000_000 }
  const signed = await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'EdDSA', typ: sealingKeyType })
    .sign(identity.privateKey)
  return { kid, signed }
}

async function enrol(identity: EdgeKey, sealingKey: string | undefined) {
  const { token } = (await harness.call('POST', `/api/v1/sites/${siteId}/enrolment-tokens`)).body
  const request = { token, publicKey: identity.publicKey, hostname: 'pi', version: '0.1.0' }
  return harness.call('POST', '/api/edge/v1/enrol', { ...request, ...(sealingKey ? { sealingKey } : {}) })
}

const sealingKeys = async () => (await harness.call('GET', `/api/v1/sites/${siteId}/sealing-keys`)).body

/** What the site's edges are told to seal to. */
async function recipientsOf(edge: Pick<TestEdge, 'token'>): Promise<SealingRecipient[]> {
  const headers = { authorization: `Bearer ${await edge.token()}` }
  return (await harness.call('GET', '/api/edge/v1/state', undefined, headers)).body.sealingKeys
}

describe('an edge’s sealing key', () => {
  it('is taken at enrolment when the edge signed it, and listed with what it takes to check it', async () => {
    const identity = await createEdgeKey()
    const { signed } = await signSealingKey(identity)
    expect(await enrol(identity, signed)).toMatchObject({ status: 201 })
    const [edge] = (await harness.call('GET', '/api/v1/edges')).body.items
    expect(edge.sealingKeySince).toBe(1_700_000_000_000)
    expect(await sealingKeys()).toEqual({
      siteId,
      edges: [
        {
          edgeId: edge.edgeId,
          hostname: 'pi',
          fingerprint: edge.fingerprint,
          publicKey: identity.publicKey,
          sealingKey: signed,
        },
      ],
      recoveryKey: null,
    })
  })

  it('is refused when another key signed it; an older edge enrols without one', async () => {
    const { signed } = await signSealingKey(await createEdgeKey())
    expect(await enrol(await createEdgeKey(), signed)).toMatchObject({ status: 422 })
    expect((await harness.call('GET', '/api/v1/edges')).body.items).toEqual([])
    expect(await enrol(await createEdgeKey(), undefined)).toMatchObject({ status: 201 })
    expect((await sealingKeys()).edges).toMatchObject([{ sealingKey: null }])
  })

  it('is taken from a hello, and told to the site’s edges; a forged one is not', async () => {
    const edge = await harness.enrol(siteId)
    const { signed } = await signSealingKey(edge.key)
    const forged = await signSealingKey(await createEdgeKey())
    expect(await recipientsOf(edge)).toEqual([])
    const tunnel = await openTunnel(harness, edge, { sealingKey: signed, stateVersion: 1 })
    await tunnel.next('welcome')
    expect(await tunnel.next('state-changed')).toMatchObject({ version: 2 })
    const recipient = { kind: 'edge', edgeId: edge.edgeId, publicKey: edge.key.publicKey, sealingKey: signed }
    expect(await recipientsOf(edge)).toEqual([recipient])
    const again = await openTunnel(harness, edge, { sealingKey: forged.signed })
    await again.next('welcome')
    expect(await recipientsOf(edge)).toEqual([recipient])
    expect(harness.errors).toEqual([expect.stringContaining('did not sign')])
    expect((await harness.call('DELETE', `/api/v1/edges/${edge.edgeId}`)).status).toBe(204)
    expect((await sealingKeys()).edges).toEqual([])
  })
})

describe('the recovery key', () => {
  const put = (publicKey: unknown, replaces: string | null) =>
    harness.call('PUT', '/api/v1/recovery-key', { publicKey, replaces })

  it('is one more recipient, and is replaced by who saw the one before', async () => {
    const [first, second] = [await createRecoveryKey(), await createRecoveryKey()]
    const edge = await harness.enrol(siteId)
    expect((await harness.call('GET', '/api/v1/recovery-key')).body).toEqual({ recoveryKey: null })
    expect(await put(first.publicJwk, null)).toMatchObject({
      status: 200,
      body: { recoveryKey: { kid: first.kid, createdBy: 'Ada', createdAt: harness.clock.now } },
    })
    expect(await recipientsOf(edge)).toEqual([{ kind: 'recovery', jwk: first.publicJwk }])
    for (const replaces of [null, second.kid])
      expect(await put(second.publicJwk, replaces)).toMatchObject({
        status: 409,
        body: { code: 'recovery-key-changed' },
      })
    expect((await put(second.publicJwk, first.kid)).status).toBe(200)
    expect((await sealingKeys()).recoveryKey).toEqual({ kid: second.kid, jwk: second.publicJwk })
  })

  it('never takes a private half', async () => {
    const { publicJwk } = await createRecoveryKey()
    const answer = await put({ ...publicJwk, d: publicJwk.x }, null)
    expect(answer.status).toBe(422)
    expect((await harness.call('GET', '/api/v1/recovery-key')).body).toEqual({ recoveryKey: null })
  })
})
