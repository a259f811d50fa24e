import { describe, expect, it } from 'vitest'
import { committedOperations as operations } from './testing/committed-operations.ts'
import { createDeployable, createHarness, type Harness } from './testing/harness.ts'

const changes = operations.filter(({ method }) => method !== 'GET')
/** To take a copy away is no change, but is remembered all the same. */
const exports = operations.filter(({ operationId }) => operationId.startsWith('export'))

const unknownId = '01900000-0000-7000-8000-000000000000'
const minuteMs = 60_000
/** It ends the session of who asks. */
const last = ['endSessions']

async function newest(harness: Harness, cookie: string, operation: string) {
  const { body } = await harness.call('GET', `/api/v1/audit?operation=${operation}`, undefined, { cookie })
  return body.items[0]
}

/** Somebody who can look when the one who tried is signed out. */
async function signInReader(harness: Harness): Promise<string> {
  const email = 'reader@example.com'
  const password = 'correct horse battery staple'
  const made = { name: 'Reader', email, password, role: 'administrator' }
  await harness.call('POST', '/api/v1/users', made)
  const answer = await harness.call('POST', '/api/auth/sign-in/email', { email, password }, { cookie: '' })
  return answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
}

describe('every change', () => {
  it('by somebody who may is in the audit log: who, on what, from where, with what result', async () => {
    const harness = await createHarness()
    await harness.signIn()
    const reader = await signInReader(harness)
    const { machineId, siteId, imageId } = await createDeployable(harness)
    const ids: Record<string, string> = { machineId, siteId, imageId }
    const inOrder = changes.toSorted((a, b) => last.indexOf(a.operationId) - last.indexOf(b.operationId))
    for (const { operationId, method, path, access } of inOrder) {
      const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? unknownId)
      harness.clock.now += minuteMs
      const body = method === 'DELETE' ? undefined : {}
      const { status } = await harness.call(method, filled, body, { peer: '192.0.2.7' })
      const entry = await newest(harness, reader, operationId)
      expect(entry, operationId).toMatchObject({
        actorKind: access === 'public' || access === 'edge' ? expect.any(String) : 'person',
        at: harness.clock.now,
        clientAddress: '192.0.2.7',
        status,
        outcome: status < 400 ? 'done' : status < 500 ? 'refused' : 'failed',
      })
      if (path.includes('{machineId}')) expect(entry.machineId, operationId).toBe(machineId)
      expect(status, operationId).not.toBe(500)
    }
    expect(
      (await harness.call('GET', '/api/v1/audit/verify', undefined, { cookie: reader })).body.intact,
    ).toBe(true)
  })

  it('that a stranger tries is in it as refused', async () => {
    const harness = await createHarness()
    await harness.signIn()
    const reader = await signInReader(harness)
    harness.signOut()
    for (const { operationId, method, path, access } of changes) {
      const filled = path.replaceAll(/\{\w+\}/g, unknownId)
      harness.clock.now += minuteMs
      const { status } = await harness.call(method, filled, method === 'DELETE' ? undefined : {})
      const entry = await newest(harness, reader, operationId)
      expect(entry, operationId).toMatchObject({ actorKind: 'stranger', at: harness.clock.now, status })
      if (access !== 'public') expect(entry.code, operationId).not.toBeNull()
    }
  })
})

it('remembers who took a copy of what away', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const reader = await signInReader(harness)
  expect(exports.map(({ operationId }) => operationId).toSorted()).toEqual(['exportAudit', 'exportSealed'])
  for (const { operationId, method, path } of exports) {
    const { status } = await harness.call(method, path)
    expect(await newest(harness, reader, operationId)).toMatchObject({ actorName: 'Ada', status })
  }
})
