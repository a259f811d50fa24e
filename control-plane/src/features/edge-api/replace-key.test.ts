import { edges } from '@dragonfly/schema/db'
import { type EdgeKeyChange, edgeKeyChangeType } from '@dragonfly/schema/wire'
import { CompactSign, calculateJwkThumbprint } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { createEdgeKey, createHarness, type Harness, type TestEdge } from '../../testing/harness.ts'

let harness: Harness
let edge: TestEdge
beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
  edge = await harness.enrol(await harness.createSite())
})

type Key = TestEdge['key']
const sign = (key: Key, change: EdgeKeyChange, typ: string = edgeKeyChangeType) =>
  new CompactSign(new TextEncoder().encode(JSON.stringify(change)))
    .setProtectedHeader({ alg: 'EdDSA', typ })
    .sign(key.privateKey)

async function changeTo(next: Key, more: Partial<EdgeKeyChange> = {}, by = edge.key): Promise<EdgeKeyChange> {
  return {
    iss: edge.edgeId,
    aud: edge.enrolled.controlPlaneId,
    iat: Math.floor(harness.clock.now / 1000),
    previous: await calculateJwkThumbprint(by.publicKey),
    jwk: next.publicKey,
    ...more,
  }
}

const ask = async (body: object, token?: string) =>
  harness.call('POST', '/api/edge/v1/key', body, {
    authorization: `Bearer ${token ?? (await edge.token())}`,
    cookie: '',
  })
const requestFor = async (next: Key, more: Partial<EdgeKeyChange> = {}) => {
  const change = await changeTo(next, more)
  return { vouched: await sign(edge.key, change), proof: await sign(next, change) }
}
const known = async () => (await harness.deps.db.select().from(edges))[0]?.fingerprint
const asks = async () =>
  (
    await harness.call('GET', '/api/edge/v1/key', undefined, {
      authorization: `Bearer ${await edge.token()}`,
      cookie: '',
    })
  ).status

describe('an edge’s key', () => {
  it('is replaced: the old one is refused from then on, and its request is not taken again', async () => {
    const next = await createEdgeKey()
    const fingerprint = await calculateJwkThumbprint(next.publicKey)
    const token = await edge.token()
    const request = await requestFor(next)
    expect(await ask(request, token)).toMatchObject({ status: 200, body: { fingerprint } })
    expect(await known()).toBe(fingerprint)
    expect(await asks()).toBe(401)
    expect((await ask(request, token)).status).toBe(401)
    expect((await ask(request)).status).toBe(401)
    const { items } = (await harness.call('GET', '/api/v1/edges')).body
    expect(items[0]).toMatchObject({ fingerprint, keySince: harness.clock.now, status: expect.any(String) })
    const audit = (await harness.call('GET', '/api/v1/audit?operation=replaceEdgeKey&outcome=done')).body
    expect(audit.items[0]).toMatchObject({ actorKind: 'edge', actorId: edge.edgeId })
  })

  it('is one at any time, whoever comes first', async () => {
    const nexts = await Promise.all([1, 2, 3].map(() => createEdgeKey()))
    const requests = await Promise.all(nexts.map((next) => requestFor(next)))
    const answers = await Promise.all(requests.map((request) => ask(request)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const { status } of answers) expect([200, 401, 409, 422]).toContain(status)
    const won = nexts[answers.findIndex(({ status }) => status === 200)]
    expect(await known()).toBe(won && (await calculateJwkThumbprint(won.publicKey)))
  })

  it('is not replaced by what does not fit', async () => {
    const before = await known()
    const [next, stranger] = [await createEdgeKey(), await createEdgeKey()]
    const change = await changeTo(next)
    const by = { old: await sign(edge.key, change), next: await sign(next, change) }
    const wrong: Record<string, object> = {
      'vouched for by a stranger': { vouched: await sign(stranger, change), proof: by.next },
      'proved by a stranger': { vouched: by.old, proof: await sign(stranger, change) },
      'proved by the old key': { vouched: by.old, proof: by.old },
      'a proof of another key': { vouched: by.old, proof: await sign(next, await changeTo(stranger)) },
      'of another kind': { vouched: await sign(edge.key, change, 'JWT'), proof: by.next },
      'for another edge': await requestFor(next, { iss: 'another' }),
      'for another control plane': await requestFor(next, { aud: 'another' }),
      'after another key': await requestFor(next, { previous: 'another' }),
      'signed long ago': await requestFor(next, { iat: Math.floor(harness.clock.now / 1000) - 3600 }),
      'from the future': await requestFor(next, { iat: Math.floor(harness.clock.now / 1000) + 3600 }),
      'with a sealing key of a stranger': { ...(await requestFor(next)), sealingKey: by.old },
      nonsense: { vouched: 'ey', proof: '...' },
      nothing: {},
    }
    for (const [name, request] of Object.entries(wrong)) expect((await ask(request)).status, name).toBe(422)
    expect(await known()).toBe(before)
    expect(await asks()).toBe(200)
  })

  it('is no other edge’s', async () => {
    const other = await harness.enrol(edge.siteId)
    const change = await changeTo(other.key)
    const request = { vouched: await sign(edge.key, change), proof: await sign(other.key, change) }
    expect(await ask(request)).toMatchObject({ status: 409, body: { code: 'edge-key-known' } })
    expect(await asks()).toBe(200)
  })

  it('is not replaced once the edge was revoked', async () => {
    const request = await requestFor(await createEdgeKey())
    await harness.call('DELETE', `/api/v1/edges/${edge.edgeId}`)
    expect(await ask(request)).toMatchObject({ status: 401, body: { code: 'edge-revoked' } })
  })

  it('is wanted by a person until it is there', async () => {
    const read = async () => {
      const authorization = `Bearer ${await edge.token()}`
      return (await harness.call('GET', '/api/edge/v1/state', undefined, { authorization, cookie: '' })).body
    }
    expect((await read()).replaceKey).toBeUndefined()
    const asked = await harness.call('POST', `/api/v1/edges/${edge.edgeId}/key`)
    expect(asked).toMatchObject({ status: 200, body: { isKeyRequested: true } })
    expect((await read()).replaceKey).toEqual({ requestId: String(harness.clock.now) })
    await ask(await requestFor(await createEdgeKey()))
    const { items } = (await harness.call('GET', '/api/v1/edges')).body
    expect(items[0].isKeyRequested).toBe(false)
  })
})
