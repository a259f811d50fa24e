import { passkeys } from '@dragonfly/schema/db'
import { describe, expect, it } from 'vitest'
import { createAuthenticator } from '../../testing/authenticator.ts'
import { createHarness, type Harness } from '../../testing/harness.ts'
import { findRelyingParty } from './webauthn.ts'

const password = 'correct horse battery staple'
const cookieOf = (headers: Headers): string => headers.getSetCookie()[0]?.split(';')[0] ?? ''

async function addPasskey(harness: Harness, authenticator = createAuthenticator()) {
  const options = await harness.call('POST', '/api/v1/me/passkeys/options', { password })
  expect(options.status).toBe(200)
  const passkey = authenticator.create(options.body)
  const added = await harness.call('POST', '/api/v1/me/passkeys', { name: 'Key', passkey })
  expect(added.status).toBe(201)
  return { authenticator, passkeyId: String(added.body.passkeyId) }
}

const begin = (harness: Harness) =>
  harness.call('POST', '/api/v1/passkey-sign-in/options', undefined, { cookie: '' })
const end = (harness: Harness, passkey: unknown) =>
  harness.call('POST', '/api/v1/passkey-sign-in', { passkey }, { cookie: '' })

describe('a passkey', () => {
  it('signs in by itself, once for each challenge', async () => {
    const harness = await createHarness()
    await harness.signInAs('user')
    const { authenticator } = await addPasskey(harness)
    const options = (await begin(harness)).body
    expect(options).toMatchObject({ rpId: 'localhost', userVerification: 'required', allowCredentials: [] })
    const proof = authenticator.get(options)
    const answer = await end(harness, proof)
    expect(answer).toMatchObject({
      status: 200,
      body: { role: 'user', mfa: { enabled: true, verified: true } },
    })
    const cookie = cookieOf(answer.headers)
    expect((await harness.call('GET', '/api/v1/me', undefined, { cookie })).status).toBe(200)
    expect((await end(harness, proof)).status).toBe(401)
  })

  it('gives every bad proof, a stranger’s passkey and a deactivated person the same answer', async () => {
    const harness = await createHarness()
    await harness.signInAs('user')
    const { userId } = (await harness.call('GET', '/api/v1/me')).body
    const { authenticator } = await addPasskey(harness)
    const refused: unknown[] = []
    const attempt = async (prove: (options: { challenge: string; rpId: string }) => unknown) => {
      const { status, body } = await end(harness, prove((await begin(harness)).body))
      // Each request has an id of its own.
      refused.push({ status, body: { ...body, requestId: null } })
    }
    await attempt((options) => createAuthenticator().get(options))
    await attempt((options) => authenticator.get(options, { forged: true }))
    await attempt((options) => authenticator.get(options, { userVerified: false }))
    await attempt((options) => authenticator.get(options, { origin: 'https://evil.example' }))
    await attempt((options) => authenticator.get(options, { challenge: 'bWFkZS11cA' }))
    await attempt((options) => authenticator.get({ ...options, rpId: 'evil.example' }))
    await attempt((options) => ({
      ...authenticator.get(options),
      response: { ...authenticator.get(options).response, clientDataJSON: '%%%' },
    }))
    await harness.signIn()
    await harness.call('PATCH', `/api/v1/users/${userId}`, { active: false })
    await attempt((options) => authenticator.get(options))
    expect(refused).toHaveLength(8)
    for (const answer of refused) expect(answer).toEqual(refused[0])
    expect(refused[0]).toMatchObject({ status: 401, body: { code: 'passkey-unknown' } })
  })

  it('is made with the password, in the session that began, verified, and once', async () => {
    const harness = await createHarness()
    await harness.signInAs('user')
    const ask = (body: unknown) => harness.call('POST', '/api/v1/me/passkeys/options', body)
    expect((await ask({})).status).toBe(422)
    expect((await ask({ password: 'a stolen session knows none' })).body.code).toBe('wrong-password')
    const authenticator = createAuthenticator()
    const add = (passkey: unknown) => harness.call('POST', '/api/v1/me/passkeys', { name: 'Key', passkey })
    const unverified = authenticator.create((await ask({ password })).body, { userVerified: false })
    expect((await add(unverified)).status).toBe(422)
    const begun = (await ask({ password })).body
    await harness.signInAs('viewer')
    expect((await add(authenticator.create(begun))).status).toBe(422)
    expect(await harness.deps.db.select().from(passkeys)).toEqual([])
  })

  it('makes the password alone worthless', async () => {
    const harness = await createHarness()
    await harness.signInAs('user')
    await addPasskey(harness)
    const credentials = { email: 'user@example.com', password }
    const answer = await harness.call('POST', '/api/auth/sign-in/email', credentials, { cookie: '' })
    expect(answer.body).toEqual({ twoFactorRedirect: true, twoFactorMethods: ['passkey'] })
    const cookies = answer.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ')
    expect((await harness.call('GET', '/api/v1/me', undefined, { cookie: cookies })).status).toBe(401)
  })

  it('belongs to its owner: nobody else sees, renames or removes it', async () => {
    const harness = await createHarness()
    await harness.signInAs('user')
    const { passkeyId } = await addPasskey(harness)
    await harness.signIn()
    const path = `/api/v1/me/passkeys/${passkeyId}`
    expect((await harness.call('GET', '/api/v1/me/passkeys')).body.items).toEqual([])
    expect((await harness.call('PATCH', path, { name: 'Mine' })).status).toBe(404)
    expect((await harness.call('DELETE', path)).status).toBe(404)
  })

  it('stays when it is the last way in', async () => {
    const harness = await createHarness()
    await harness.signIn()
    const { body } = await harness.call('POST', '/api/v1/invitations', {
      email: 'eve@example.com',
      role: 'user',
    })
    const token = String(body.link).split('#')[1]
    const options = await harness.call('POST', '/api/v1/invitations/passkey-options', { token })
    const passkey = createAuthenticator().create(options.body)
    const accept = { token, name: 'Eve', passkey }
    const accepted = await harness.call('POST', '/api/v1/invitations/accept', accept, { cookie: '' })
    expect(accepted).toMatchObject({ status: 201, body: { hasPassword: false, mfa: { verified: true } } })
    const cookie = cookieOf(accepted.headers)
    const { items } = (await harness.call('GET', '/api/v1/me/passkeys', undefined, { cookie })).body
    const path = `/api/v1/me/passkeys/${items[0].passkeyId}`
    const refused = await harness.call('DELETE', path, undefined, { cookie })
    expect(refused).toMatchObject({ status: 409, body: { code: 'last-way-in' } })
    const reset = await harness.call('DELETE', `/api/v1/users/${accepted.body.userId}/mfa`)
    expect(reset.body.link).toMatch(/#dfr_/)
  })

  it('makes the first administrator, who never has a password', async () => {
    const harness = await createHarness()
    const person = { code: harness.deps.setupCode, name: 'Ada', email: 'ada@example.com' }
    const wrong = await harness.call('POST', '/api/v1/setup/passkey-options', { ...person, code: 'AAAA' })
    expect(wrong.body.code).toBe('wrong-code')
    const options = await harness.call('POST', '/api/v1/setup/passkey-options', person)
    const authenticator = createAuthenticator()
    const passkey = authenticator.create(options.body)
    const none = await harness.call('POST', '/api/v1/setup/administrator', person)
    expect(none.status).toBe(422)
    const made = await harness.call('POST', '/api/v1/setup/administrator', { ...person, passkey })
    expect(made).toMatchObject({ status: 201, body: { role: 'administrator', hasPassword: false } })
    expect((await end(harness, authenticator.get((await begin(harness)).body))).status).toBe(200)
  })
})

describe('recovery codes', () => {
  const create = (harness: Harness, headers = {}) =>
    harness.call('POST', '/api/v1/me/recovery-codes', undefined, headers)
  const recover = (harness: Harness, input: object) =>
    harness.call('POST', '/api/v1/recovery-sign-in', { email: 'ada@example.com', ...input }, { cookie: '' })

  it('stand in for lost passkeys, once each, also in a race', async () => {
    const harness = await createHarness()
    const person = { code: harness.deps.setupCode, name: 'Ada', email: 'ada@example.com' }
    const options = await harness.call('POST', '/api/v1/setup/passkey-options', person)
    const passkey = createAuthenticator().create(options.body)
    const made = await harness.call('POST', '/api/v1/setup/administrator', { ...person, passkey })
    const cookie = cookieOf(made.headers)
    const older: string[] = (await create(harness, { cookie })).body.codes
    const { status, body } = await create(harness, { cookie })
    expect(status).toBe(201)
    expect(new Set(body.codes).size).toBe(10)
    const [first, second] = body.codes
    expect(first).toMatch(/^([A-Z2-9]{4}-){3}[A-Z2-9]{4}$/)
    expect((await recover(harness, { code: older[0] })).status).toBe(401)
    const answers = await Promise.all([first, first].map((code) => recover(harness, { code })))
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 401])
    const lower = await recover(harness, { code: second.toLowerCase().replaceAll('-', ' ') })
    expect(lower).toMatchObject({ status: 200, body: { name: 'Ada', mfa: { verified: true } } })
    // Who came in by a code makes another passkey at once.
    const back = cookieOf(lower.headers)
    expect((await harness.call('POST', '/api/v1/me/passkeys/options', {}, { cookie: back })).status).toBe(200)
  })

  it('want the password of whoever has one, and tell nobody what was wrong', async () => {
    const harness = await createHarness()
    await harness.signIn()
    expect(await create(harness)).toMatchObject({ status: 409, body: { code: 'no-passkey' } })
    const password = 'correct horse battery staple'
    const options = await harness.call('POST', '/api/v1/me/passkeys/options', { password })
    const passkey = createAuthenticator().create(options.body)
    await harness.call('POST', '/api/v1/me/passkeys', { name: 'Key', passkey })
    const [code] = (await create(harness)).body.codes
    const wrong = [
      await recover(harness, { code }),
      await recover(harness, { code, password: 'wrong' }),
      await recover(harness, { code: 'AAAA-AAAA-AAAA-AAAA', password }),
      await recover(harness, { email: 'nobody@example.com', code, password }),
    ]
    const same = { ...wrong[0]?.body, requestId: expect.any(String) }
    for (const answer of wrong) expect(answer).toMatchObject({ status: 401, body: same })
    expect((await recover(harness, { code, password })).status).toBe(200)
  })

  it('can’t be guessed at without end, and are gone with the last passkey', async () => {
    const harness = await createHarness()
    await harness.signIn()
    const password = 'correct horse battery staple'
    const options = await harness.call('POST', '/api/v1/me/passkeys/options', { password })
    const passkey = createAuthenticator().create(options.body)
    const made = await harness.call('POST', '/api/v1/me/passkeys', { name: 'Key', passkey })
    const [code] = (await create(harness)).body.codes
    await harness.call('DELETE', `/api/v1/me/passkeys/${made.body.passkeyId}`)
    for (let i = 0; i < 10; i++) expect((await recover(harness, { code, password })).status).toBe(401)
    expect((await recover(harness, { code, password })).status).toBe(429)
    harness.clock.now += 16 * 60_000
    expect((await create(harness)).status).toBe(409)
  })
})

it.each([
  ['http://localhost:3000', { id: 'localhost', origin: 'http://localhost:3000' }],
  ['https://metal.example.com/x', { id: 'metal.example.com', origin: 'https://metal.example.com' }],
  ['http://metal.example.com', null],
  ['https://192.0.2.1', null],
  ['https://[2001:db8::1]', null],
])('passkeys of %s are for %o', (publicUrl, party) => {
  expect(findRelyingParty(publicUrl)).toEqual(party)
})
