import { invitations } from '@dragonfly/schema/db'
import { expect, it } from 'vitest'
import { createAuthenticator } from '../../testing/authenticator.ts'
import { createHarness, type Harness } from '../../testing/harness.ts'

const password = 'correct horse battery staple'

async function invite(harness: Harness, change: Record<string, unknown> = {}) {
  await harness.signIn()
  const input = { email: 'Eve@example.com', name: 'Eve', role: 'user', ...change }
  const created = await harness.call('POST', '/api/v1/invitations', input)
  expect(created.status).toBe(201)
  return { ...created.body, token: String(created.body.link).split('#')[1] ?? '' }
}

it('lets one person make the account that was offered, and signs them in', async () => {
  const harness = await createHarness()
  const { token, link } = await invite(harness)
  expect(link).toBe(`http://localhost:3000/invitation#${token}`)
  harness.signOut()
  const offer = await harness.call('POST', '/api/v1/invitations/read', { token })
  expect(offer).toMatchObject({ status: 200, body: { email: 'eve@example.com', role: 'user', name: 'Eve' } })
  const accept = { token, name: 'Eve', password, role: 'administrator', email: 'other@example.com' }
  const accepted = await harness.call('POST', '/api/v1/invitations/accept', accept)
  expect(accepted).toMatchObject({ status: 201, body: { role: 'user', email: 'eve@example.com' } })
  const cookie = accepted.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  expect((await harness.call('GET', '/api/v1/me', undefined, { cookie })).body.name).toBe('Eve')
  const again = await harness.call('POST', '/api/v1/invitations/accept', { token, name: 'Mallory', password })
  expect(again).toMatchObject({ status: 410, body: { code: 'invitation-gone' } })
})

it('gives one account to two who open the link at the same moment', async () => {
  const harness = await createHarness()
  const { token } = await invite(harness)
  const answers = await Promise.all(
    ['A', 'B'].map((name) =>
      harness.call('POST', '/api/v1/invitations/accept', { token, name, password }, { cookie: '' }),
    ),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 410])
})

it('keeps no link, expires after 7 days, and can be withdrawn', async () => {
  const harness = await createHarness()
  const { token, invitationId } = await invite(harness)
  expect(JSON.stringify(await harness.deps.db.select().from(invitations))).not.toContain(token)
  const listed = await harness.call('GET', '/api/v1/invitations')
  expect(JSON.stringify(listed.body)).not.toMatch(/token|link/i)
  harness.clock.now += 7 * 24 * 60 * 60_000
  expect((await harness.call('POST', '/api/v1/invitations/read', { token })).status).toBe(410)
  harness.clock.now -= 60_000
  expect((await harness.call('POST', '/api/v1/invitations/read', { token })).status).toBe(200)
  expect((await harness.call('DELETE', `/api/v1/invitations/${invitationId}`)).status).toBe(204)
  expect((await harness.call('POST', '/api/v1/invitations/read', { token })).status).toBe(410)
})

it('leads somebody back who has lost their only passkey: once, for a day, and to their own account', async () => {
  const harness = await createHarness()
  const { token } = await invite(harness, { role: 'viewer' })
  const authenticator = createAuthenticator()
  const look = (path: string, body: object) =>
    harness.call('POST', `/api/v1/invitations/${path}`, body, { cookie: '' })
  const makePasskey = async (of: string, with_: ReturnType<typeof createAuthenticator>) =>
    with_.create((await look('passkey-options', { token: of })).body)
  const accepted = await look('accept', {
    token,
    name: 'Eve',
    passkey: await makePasskey(token, authenticator),
  })
  const { userId } = accepted.body
  const reset = async () => (await harness.call('DELETE', `/api/v1/users/${userId}/mfa`)).body
  const older = String((await reset()).link).split('#')[1] ?? ''
  const { link, mfaEnabled } = await reset()
  expect(mfaEnabled).toBe(false)
  const back = String(link).split('#')[1] ?? ''
  expect((await look('read', { token: older })).status).toBe(410)
  expect((await look('read', { token: back })).body).toMatchObject({
    email: 'eve@example.com',
    returning: true,
  })
  const cookie = accepted.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  expect((await harness.call('GET', '/api/v1/me', undefined, { cookie })).status).toBe(401)
  const passkey = await makePasskey(back, createAuthenticator())
  const again = await look('accept', { token: back, name: 'Mallory', passkey })
  expect(again).toMatchObject({ status: 201, body: { userId, name: 'Eve', role: 'viewer' } })
  expect((await look('accept', { token: back, name: 'Eve', password })).status).toBe(410)

  const late = String((await reset()).link).split('#')[1] ?? ''
  harness.clock.now += 24 * 60 * 60_000
  expect((await look('accept', { token: late, name: 'Eve', password })).status).toBe(410)
  const last = String((await reset()).link).split('#')[1] ?? ''
  expect((await look('accept', { token: last, name: 'Eve', password })).status).toBe(201)
  expect((await reset()).link).toBeNull()
})

it('leads nobody back who is deactivated', async () => {
  const harness = await createHarness()
  const { token } = await invite(harness)
  const options = await harness.call('POST', '/api/v1/invitations/passkey-options', { token })
  const made = { token, name: 'Eve', passkey: createAuthenticator().create(options.body) }
  const { userId } = (await harness.call('POST', '/api/v1/invitations/accept', made, { cookie: '' })).body
  const { link } = (await harness.call('DELETE', `/api/v1/users/${userId}/mfa`)).body
  await harness.call('PATCH', `/api/v1/users/${userId}`, { active: false })
  const accept = { token: String(link).split('#')[1], name: 'Eve', password }
  expect((await harness.call('POST', '/api/v1/invitations/accept', accept)).status).toBe(410)
})

it('limits guessing', async () => {
  const harness = await createHarness()
  const guess = () => harness.call('POST', '/api/v1/invitations/read', { token: 'dfi_guess' })
  for (let i = 0; i < 30; i++) expect((await guess()).status).toBe(410)
  expect((await guess()).status).toBe(429)
})
