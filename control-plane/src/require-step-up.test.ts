import { expect, it } from 'vitest'
import { createAuthenticator } from './testing/authenticator.ts'
import { createHarness, type Harness } from './testing/harness.ts'

const password = 'correct horse battery staple'
const minuteMs = 60_000

async function createWithPasskey() {
  const harness = await createHarness()
  await harness.signIn()
  const authenticator = createAuthenticator()
  const options = await harness.call('POST', '/api/v1/me/passkeys/options', { password })
  const passkey = authenticator.create(options.body)
  await harness.call('POST', '/api/v1/me/passkeys', { name: 'Key', passkey })
  return { harness, authenticator }
}

const invite = (harness: Harness, headers: Record<string, string> = {}) =>
  harness.call('POST', '/api/v1/invitations', { email: 'eve@example.com', role: 'viewer' }, headers)
const wanted = { status: 403, body: { code: 'step-up-required' } }

it('asks for a second factor that is older than the policy allows, and takes a fresh one', async () => {
  const { harness, authenticator } = await createWithPasskey()
  const siteId = await harness.createSite()
  expect((await invite(harness)).status).toBe(201)
  harness.clock.now += 16 * minuteMs
  expect(await invite(harness)).toMatchObject(wanted)
  expect(await harness.call('DELETE', `/api/v1/sites/${siteId}`)).toMatchObject(wanted)
  expect(await harness.call('PATCH', '/api/v1/people-policy', { stepUpMinutes: null })).toMatchObject(wanted)
  const key = { name: 'CI', scopes: ['read'], expiresInDays: 1 }
  expect(await harness.call('POST', '/api/v1/me/api-keys', key)).toMatchObject(wanted)
  expect(await harness.call('POST', '/api/v1/me/passkeys/options', { password })).toMatchObject(wanted)
  expect((await harness.call('GET', '/api/v1/users')).status).toBe(200)
  expect((await harness.call('PATCH', `/api/v1/sites/${siteId}`, { name: 'Cellar' })).status).toBe(200)

  const options = (await harness.call('POST', '/api/v1/me/step-up/options')).body
  const stranger = createAuthenticator().get(options)
  expect((await harness.call('POST', '/api/v1/me/step-up', { passkey: stranger })).status).toBe(401)
  expect(await invite(harness)).toMatchObject(wanted)
  const again = (await harness.call('POST', '/api/v1/me/step-up/options')).body
  const proof = { passkey: authenticator.get(again) }
  expect((await harness.call('POST', '/api/v1/me/step-up', proof)).status).toBe(204)
  expect((await harness.call('POST', '/api/v1/me/step-up', proof)).status).toBe(401)
  expect((await invite(harness)).status).toBe(201)
})

it('can be set, and switched off', async () => {
  const { harness } = await createWithPasskey()
  const set = (stepUpMinutes: number | null) =>
    harness.call('PATCH', '/api/v1/people-policy', { stepUpMinutes })
  expect((await set(0)).status).toBe(422)
  expect((await set(60)).body).toEqual({ mfaRequiredFor: 'nobody', stepUpMinutes: 60 })
  harness.clock.now += 59 * minuteMs
  expect((await set(null)).body.stepUpMinutes).toBeNull()
  harness.clock.now += 24 * 60 * minuteMs
  expect((await invite(harness)).status).toBe(201)
})

it('asks nobody who has no second factor, and no API key', async () => {
  const { harness } = await createWithPasskey()
  const input = { name: 'CI', scopes: ['admin'], expiresInDays: 30 }
  const { key } = (await harness.call('POST', '/api/v1/me/api-keys', input)).body
  harness.clock.now += 16 * minuteMs
  const byKey = { authorization: `Bearer ${key}`, cookie: '' }
  expect((await invite(harness, byKey)).status).toBe(201)
  const other = await createHarness()
  await other.signIn()
  other.clock.now += 16 * minuteMs
  expect((await invite(other)).status).toBe(201)
})

it('counts for the session that gave it only', async () => {
  const { harness, authenticator } = await createWithPasskey()
  harness.clock.now += 16 * minuteMs
  const options = (await harness.call('POST', '/api/v1/passkey-sign-in/options', undefined, { cookie: '' }))
    .body
  const passkey = authenticator.get(options)
  const signedIn = await harness.call('POST', '/api/v1/passkey-sign-in', { passkey }, { cookie: '' })
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  expect((await invite(harness, { cookie })).status).toBe(201)
  expect(await invite(harness)).toMatchObject(wanted)
})
