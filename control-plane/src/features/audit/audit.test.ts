import { auditLog } from '@dragonfly/schema/db'
import { eq, sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { createDeployable, createHarness, type Harness } from '../../testing/harness.ts'
import { isRecorded, pickDetails } from './decide.ts'
import { type AuditLog, createAuditLog } from './log.ts'

async function read(harness: Harness, query = '') {
  const { body } = await harness.call('GET', `/api/v1/audit${query}`)
  return body.items
}

async function createAdministered() {
  const harness = await createHarness()
  await harness.signIn()
  return harness
}

describe('the audit log', () => {
  it('says who did what, on which machine, from where, with what result', async () => {
    const harness = await createAdministered()
    const { machineId, siteId, request } = await createDeployable(harness)
    const from = { peer: '192.0.2.7' }
    await harness.call('PATCH', `/api/v1/machines/${machineId}`, { name: 'web-1' }, from)
    await harness.call('POST', '/api/v1/deployments', request, from)
    const [deployed, renamed] = await read(harness)
    expect(renamed).toMatchObject({
      at: harness.clock.now,
      actorKind: 'person',
      actorName: 'Ada',
      operation: 'updateMachine',
      machineId,
      siteId,
      details: { machineId, name: 'web-1' },
      clientAddress: '192.0.2.7',
      outcome: 'done',
      status: 200,
      code: null,
    })
    expect(deployed).toMatchObject({
      operation: 'createDeployment',
      subject: 'web-1',
      machineId,
      details: { hostname: 'web-1.example.com', deploymentId: expect.any(String), safety: 'power' },
    })
  })

  it('names what was deleted', async () => {
    const harness = await createAdministered()
    const { machineId } = await createDeployable(harness)
    await harness.call('PATCH', `/api/v1/machines/${machineId}`, { name: 'old-1' })
    await harness.call('DELETE', `/api/v1/machines/${machineId}`)
    expect((await read(harness))[0]).toMatchObject({
      operation: 'deleteMachine',
      subject: 'old-1',
      machineId,
    })
  })

  it('holds refusals: by a lock, by a role, from another site’s page, without a session', async () => {
    const harness = await createAdministered()
    const { machineId, request } = await createDeployable(harness)
    await harness.call('POST', `/api/v1/machines/${machineId}/lock`, { reason: 'Mine.' })
    await harness.call('POST', '/api/v1/deployments', request)
    await harness.call('POST', '/api/v1/sites', { name: 'X' }, { origin: 'https://evil.example' })
    await harness.call('POST', '/api/v1/sites', { name: 'X' }, { cookie: '' })
    const cookieOfNobody = { cookie: 'dragonfly.session_token=forged' }
    await harness.call('GET', '/api/v1/machines', undefined, cookieOfNobody)
    await harness.call('GET', '/api/v1/machines', undefined, { cookie: '' })
    const [forged, signedOut, foreign, locked, lock] = await read(harness)
    expect(lock).toMatchObject({ operation: 'lockMachine', details: { reason: 'Mine.' } })
    expect(locked).toMatchObject({ outcome: 'refused', status: 409, actorName: 'Ada', machineId })
    expect(foreign).toMatchObject({ code: 'foreign-origin', actorKind: 'stranger' })
    expect(signedOut).toMatchObject({ operation: 'createSite', code: 'signed-out' })
    expect(forged).toMatchObject({ operation: 'listMachines', status: 401, code: 'signed-out' })
  })

  it('names the person whom a role refused', async () => {
    const harness = await createAdministered()
    const { machineId } = await createDeployable(harness)
    await harness.signInAs('user')
    await harness.call('POST', `/api/v1/machines/${machineId}/lock`, {})
    expect((await harness.call('GET', '/api/v1/audit')).status).toBe(403)
    const rows = await harness.deps.db.select().from(auditLog)
    expect(rows.slice(-2)).toMatchObject([
      { operation: 'lockMachine', actorName: 'user', code: 'forbidden' },
      { operation: 'listAudit', actorName: 'user', code: 'forbidden' },
    ])
  })

  it('holds sign-ins, without what was typed', async () => {
    const harness = await createAdministered()
    const tries = [
      ['ADA@example.com', 'not the password'],
      ['hunter2-in-the-wrong-field@example.com', 'hunter2'],
      ['ada@example.com', 'correct horse battery staple'],
    ]
    for (const [email, password] of tries) {
      await harness.call('POST', '/api/auth/sign-in/email', { email, password }, { cookie: '' })
    }
    const entries = await read(harness)
    expect(entries.slice(0, 3)).toMatchObject([
      { operation: 'signIn', outcome: 'done', actorKind: 'person', actorName: 'Ada' },
      { operation: 'signIn', outcome: 'refused', actorKind: 'stranger', subject: null },
      { operation: 'signIn', outcome: 'refused', actorKind: 'stranger', subject: 'Ada', status: 401 },
    ])
    await harness.call('POST', '/api/auth/sign-out', {})
    const rows = await harness.deps.db.select().from(auditLog)
    expect(rows.at(-1)).toMatchObject({ operation: 'signOut', actorName: 'Ada' })
  })

  it('holds no secret', async () => {
    const harness = await createAdministered()
    const { siteId, request } = await createDeployable(harness)
    await harness.call('POST', '/api/v1/deployments', request)
    const { token } = (await harness.call('POST', `/api/v1/sites/${siteId}/enrolment-tokens`)).body
    const text = JSON.stringify(await harness.deps.db.select().from(auditLog))
    const secrets = [token, 'correct horse', harness.deps.setupCode ?? 'none', 'AAAAC3NzaC1lZDI1NTE5', 'dfe_']
    for (const secret of secrets) expect(text).not.toContain(secret)
  })

  it('is not filled by strangers', async () => {
    const harness = await createAdministered()
    for (let i = 0; i < 50; i++) await harness.call('POST', '/api/v1/sites', {}, { cookie: '' })
    const entries = await read(harness, '?limit=500')
    expect(entries.filter((entry: { actorKind: string }) => entry.actorKind === 'stranger')).toHaveLength(30)
  })

  it('is filtered, paged and exported', async () => {
    const harness = await createAdministered()
    const { machineId } = await createDeployable(harness)
    const patch = (name: string) => harness.call('PATCH', `/api/v1/machines/${machineId}`, { name })
    await patch('web-1')
    harness.clock.now += 60_000
    const later = harness.clock.now
    await patch('web-2')
    await harness.call('DELETE', '/api/v1/sites/nowhere')
    expect(await read(harness, `?machineId=${machineId}&operation=update%20machine`)).toHaveLength(2)
    expect(await read(harness, `?from=${later}`)).toHaveLength(2)
    expect(await read(harness, `?outcome=refused`)).toMatchObject([{ status: 404 }])
    expect(await read(harness, '?actor=ad&subject=web-1')).toHaveLength(1)
    // An underscore is itself, not any letter.
    expect(await read(harness, '?subject=web_1')).toHaveLength(0)
    const first = (await harness.call('GET', '/api/v1/audit?limit=2')).body
    const second = (await harness.call('GET', `/api/v1/audit?limit=2&before=${first.next}`)).body
    expect(second.items[0].seq).toBe(first.items[1].seq - 1)
    const exported = await harness.call('GET', '/api/v1/audit/export')
    expect(exported.headers.get('content-type')).toBe('application/jsonl')
    const lines = String(exported.body).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).seq)).toEqual(lines.map((_, index) => index + 1))
  })
})

describe('the chain of the audit log', () => {
  const verify = async (harness: Harness) => (await harness.call('GET', '/api/v1/audit/verify')).body

  it('holds, also when many are written at once', async () => {
    const harness = await createAdministered()
    await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => harness.createSite(name)))
    const { intact, entries, head } = await verify(harness)
    expect({ intact, entries }).toEqual({ intact: true, entries: 6 })
    expect(head).toMatch(/^[0-9a-f]{64}$/)
  })

  it('holds, also when many write who do not know of each other', async () => {
    const harness = await createAdministered()
    const record = { at: 1, actorKind: 'server', actorId: null, actorName: null, subject: null } as const
    const rest = { machineId: null, siteId: null, details: {}, clientAddress: null, outcome: 'done' } as const
    const logs = Array.from({ length: 25 }, () => createAuditLog(harness.deps.db))
    const append = (log: AuditLog, index: number) =>
      log.append({ ...record, ...rest, operation: `number ${index}`, status: 200, code: null })
    await Promise.all(logs.map(append))
    expect(await verify(harness)).toMatchObject({ intact: true, entries: 26 })
  })

  it('is not changed or shortened by a statement', async () => {
    const { deps } = await createAdministered()
    await expect(deps.db.update(auditLog).set({ actorName: 'Eve' })).rejects.toThrow()
    await expect(deps.db.delete(auditLog)).rejects.toThrow()
  })

  it('shows an entry that was altered, and one that was taken out', async () => {
    const harness = await createAdministered()
    for (const name of ['a', 'b', 'c']) await harness.createSite(name)
    const { db } = harness.deps
    await db.run(sql`drop trigger audit_log_unchanged`)
    await db.run(sql`drop trigger audit_log_undeleted`)
    await db.update(auditLog).set({ actorName: 'Eve' }).where(eq(auditLog.seq, 3))
    expect(await verify(harness)).toEqual({ intact: false, entries: 2, brokenAt: 3, head: null })
    await db.update(auditLog).set({ actorName: 'Ada' }).where(eq(auditLog.seq, 3))
    expect(await verify(harness)).toMatchObject({ intact: true, entries: 4 })
    await db.delete(auditLog).where(eq(auditLog.seq, 2))
    expect(await verify(harness)).toMatchObject({ intact: false, entries: 1, brokenAt: 2 })
  })
})

it('takes only the fields that a route names, of a bounded size', () => {
  const body = { name: 'x'.repeat(600), password: 'secret', tags: ['a'], big: Array(500).fill('b') }
  expect(pickDetails(body, ['name', 'tags', 'big', 'none'])).toEqual({ name: 'x'.repeat(500), tags: ['a'] })
  expect(pickDetails('text', ['length'])).toEqual({})
})

it('passes over those who look without credentials', () => {
  expect(isRecorded({ operation: 'x', isChange: false, hasCredentials: false, status: 401 })).toBe(false)
  expect(isRecorded({ operation: 'x', isChange: false, hasCredentials: true, status: 200 })).toBe(false)
  expect(isRecorded({ operation: 'x', isChange: false, hasCredentials: true, status: 401 })).toBe(true)
  expect(isRecorded({ operation: 'x', isChange: true, hasCredentials: false, status: 422 })).toBe(true)
  expect(isRecorded({ operation: 'exportAudit', isChange: false, hasCredentials: true, status: 200 })).toBe(
    true,
  )
})
