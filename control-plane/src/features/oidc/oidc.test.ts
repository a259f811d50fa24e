import { account, settings, user } from '@dragonfly/schema/db'
import { describe, expect, it } from 'vitest'
import { createHarness, type Harness } from '../../testing/harness.ts'
import { startProvider, type TestProvider, testClient } from '../../testing/oidc-provider.ts'
import { decideEntry, isMultiFactor } from './decide.ts'

const redirectUri = 'http://localhost:3000/sign-in/provider'
const base = { name: 'Acme', entry: 'invited', domains: [] as string[], linkByEmail: false }

async function createWithProvider(settings: Record<string, unknown> = {}) {
  const provider = await startProvider(redirectUri)
  const harness = await createHarness()
  await harness.signIn()
  const input = { ...base, issuer: provider.issuer, ...testClient, ...settings }
  expect(await harness.call('PUT', '/api/v1/oidc', input)).toMatchObject({ status: 200 })
  return { provider, harness, input }
}

const cookiesOf = (headers: Headers): string =>
  headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')

/** A stranger's browser goes to the provider, and comes back. */
async function signIn(harness: Harness, provider: TestProvider) {
  const begun = await harness.call('POST', '/api/v1/provider-sign-in/begin', undefined, { cookie: '' })
  const query = await provider.visit(begun.body.url)
  const cookie = cookiesOf(begun.headers)
  const answer = await harness.call('POST', '/api/v1/provider-sign-in', { query }, { cookie })
  return { answer, query, cookie }
}

describe('signing in through a provider', () => {
  it('takes who was invited, with the invitation’s role, and knows them the next time', async () => {
    const { provider, harness } = await createWithProvider()
    await using _provider = provider
    const refused = (await signIn(harness, provider)).answer
    expect(refused).toMatchObject({ status: 401, body: { code: 'not-invited' } })
    await harness.call('POST', '/api/v1/invitations', { email: 'grace@example.com', role: 'user' })
    const { answer } = await signIn(harness, provider)
    expect(answer).toMatchObject({
      status: 200,
      body: { name: 'Grace', email: 'grace@example.com', role: 'user', hasPassword: false },
    })
    expect((await harness.call('GET', '/api/v1/invitations')).body.items).toEqual([])
    provider.person.email = 'grace@elsewhere.example'
    expect((await signIn(harness, provider)).answer.body.userId).toBe(answer.body.userId)
  })

  it('lets domains in as viewers, when that is allowed; it counts at once', async () => {
    const { provider, harness, input } = await createWithProvider()
    await using _provider = provider
    const more = { ...input, entry: 'domains', domains: ['example.com'], clientSecret: undefined }
    expect((await harness.call('PUT', '/api/v1/oidc', more)).status).toBe(200)
    provider.person.email = 'eve@evil-example.com'
    expect((await signIn(harness, provider)).answer.status).toBe(401)
    provider.person.email = 'grace@example.com'
    expect((await signIn(harness, provider)).answer.body.role).toBe('viewer')
    await harness.call('DELETE', '/api/v1/oidc')
    const gone = await harness.call('POST', '/api/v1/provider-sign-in/begin', undefined, { cookie: '' })
    expect(gone.status).toBe(404)
  })

  it('opens an existing account only when linking is allowed, and only for a verified address', async () => {
    const { provider, harness, input } = await createWithProvider({ entry: 'anyone' })
    await using _provider = provider
    provider.person.email = 'ada@example.com'
    expect((await signIn(harness, provider)).answer.body.code).toBe('not-linked')
    await harness.call('PUT', '/api/v1/oidc', { ...input, entry: 'anyone', linkByEmail: true })
    provider.person.verified = false
    expect((await signIn(harness, provider)).answer.body.code).toBe('email-unverified')
    expect(await harness.deps.db.select().from(account)).toHaveLength(1)
    provider.person.verified = true
    expect((await signIn(harness, provider)).answer.body.role).toBe('administrator')
  })

  it('leaves the second factor to the provider, if it says that it asked for one', async () => {
    const { provider, harness } = await createWithProvider({ entry: 'anyone' })
    await using _provider = provider
    await harness.deps.db.insert(settings).values({ key: 'mfa-required-for', value: 'everyone' })
    const visitSites = async () => {
      const { answer } = await signIn(harness, provider)
      const { status, body } = await harness.call('GET', '/api/v1/sites', undefined, {
        cookie: cookiesOf(answer.headers),
      })
      return { status, code: body.code }
    }
    expect(await visitSites()).toEqual({ status: 403, code: 'mfa-required' })
    provider.person.amr = ['pwd', 'otp']
    expect(await visitSites()).toEqual({ status: 200, code: undefined })
  })

  it('takes an answer once, from the browser that began, and unaltered', async () => {
    const { provider, harness } = await createWithProvider({ entry: 'anyone' })
    await using _provider = provider
    const { query, cookie, answer } = await signIn(harness, provider)
    expect(answer.status).toBe(200)
    const again = (text: string, by: string) =>
      harness.call('POST', '/api/v1/provider-sign-in', { query: text }, { cookie: by })
    expect((await again(query, cookie)).body.code).toBe('sign-in-lost')

    const begin = () => harness.call('POST', '/api/v1/provider-sign-in/begin', undefined, { cookie: '' })
    const mallory = await begin()
    const planted = await provider.visit(mallory.body.url)
    const victim = await begin()
    expect((await again(planted, cookiesOf(victim.headers))).body.code).toBe('sign-in-lost')
    expect((await again(planted, '')).body.code).toBe('sign-in-lost')

    const third = await begin()
    const altered = (await provider.visit(third.body.url)).replace(/code=[^&]+/, 'code=guessed')
    expect((await again(altered, cookiesOf(third.headers))).body.code).toBe('provider-answer')
    expect(await harness.deps.db.select().from(user)).toHaveLength(2)
  })

  it('is refused to somebody who is deactivated', async () => {
    const { provider, harness } = await createWithProvider({ entry: 'anyone' })
    await using _provider = provider
    const { userId } = (await signIn(harness, provider)).answer.body
    await harness.call('PATCH', `/api/v1/users/${userId}`, { active: false })
    expect((await signIn(harness, provider)).answer).toMatchObject({
      status: 401,
      body: { code: 'deactivated' },
    })
  })
})

describe('the settings', () => {
  it('keep the secret sealed, and show it to nobody', async () => {
    const { provider, harness } = await createWithProvider()
    await using _provider = provider
    const stored = JSON.stringify(await harness.deps.db.select().from(settings))
    expect(stored).not.toContain(testClient.clientSecret)
    const shown = await harness.call('GET', '/api/v1/oidc')
    expect(shown.body).toMatchObject({ provider: { issuer: provider.issuer }, redirectUri })
    expect(JSON.stringify(shown.body)).not.toMatch(/secret/i)
    const audited = JSON.stringify((await harness.call('GET', '/api/v1/audit')).body)
    expect(audited).toContain(provider.issuer)
    expect(audited).not.toContain(testClient.clientSecret)
  })

  it('say what is wrong with an issuer', async () => {
    const { provider, harness, input } = await createWithProvider()
    await using _provider = provider
    const set = async (change: Record<string, unknown>) => {
      const { status, body } = await harness.call('PUT', '/api/v1/oidc', { ...input, ...change })
      return [status, body.errors?.[0]?.path, body.errors?.[0]?.message] as const
    }
    expect(await set({ issuer: 'http://sso.example.com' })).toEqual([
      422,
      'issuer',
      expect.stringContaining('https://'),
    ])
    expect((await set({ issuer: `${provider.issuer}/nowhere` }))[2]).toMatch(/status 404/)
    expect((await set({ issuer: 'http://localhost:1' }))[2]).toMatch(/could not be read/)
    // The secret that is kept is not sent to another provider.
    const other = await set({ issuer: 'http://localhost:1', clientSecret: undefined })
    expect(other.slice(0, 2)).toEqual([422, 'clientSecret'])
  })
})

describe('what a provider says', () => {
  const person = { subject: 's', email: 'a@b.example', emailVerified: true, name: null, mfa: false }
  const unknown = { linkedUserId: null, userIdByEmail: null, isInvited: false }

  it('never lets a look-alike domain in', () => {
    const policy = { entry: 'domains', domains: ['b.example'], linkByEmail: false } as const
    expect(decideEntry(policy, person, unknown).kind).toBe('create')
    for (const email of ['a@evil-b.example', 'a@b.example.evil.example', 'a@b.example@evil.example']) {
      expect(decideEntry(policy, { ...person, email }, unknown).kind).toBe('refuse')
    }
  })

  it.each([
    [{ amr: ['pwd'] }, false],
    [{ amr: ['otp'] }, false],
    [{ amr: ['pwd', 'otp'] }, true],
    [{ amr: ['mfa'] }, true],
    [{ amr: 'mfa' }, false],
    [{ acr: 'phr' }, true],
    [{ acr: '1' }, false],
    [{}, false],
  ])('%j: a second factor was asked for: %s', (claims, expected) => {
    expect(isMultiFactor(claims)).toBe(expected)
  })
})
