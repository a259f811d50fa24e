import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createHarness, type Harness } from '../../testing/harness.ts'

const password = 'correct horse battery staple'
const periodMs = 30_000

/** RFC 6238 with SHA-1 and six digits; the secret in base32 (RFC 4648 section 6). */
function totp(secret: string, atMs: number): string {
  const bits = Array.from(secret.toUpperCase(), (letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  ).join('')
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / periodMs)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const offset = (mac.at(-1) ?? 0) & 15
  return String((mac.readUInt32BE(offset) & 0x7fff_ffff) % 1_000_000).padStart(6, '0')
}

/** Time stands still, in the middle of a step: on a busy computer a code would go stale between two lines of a test. */
beforeEach(() => {
  const now = Date.now()
  vi.useFakeTimers({ toFake: ['Date'], now: now - (now % periodMs) + periodMs / 2 })
})
afterEach(() => {
  vi.useRealTimers()
})

it('has a generator of codes that agrees with RFC 6238', () => {
  // Appendix B, the last six of the eight digits.
  expect(totp('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', 59_000)).toBe('287082')
})

function cookiesOf(headers: Headers): string {
  return headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .filter((pair) => !pair.endsWith('='))
    .join('; ')
}

/** Each call comes from another address: better-auth allows three codes in ten seconds from one. */
let caller = 0
function post(harness: Harness, path: string, body: unknown, cookie?: string) {
  const address = { peer: `203.0.113.${++caller % 250}` }
  return harness.call('POST', `/api/auth${path}`, body, { ...address, ...(cookie ? { cookie } : {}) })
}

async function enrol(harness: Harness, cookie?: string) {
  const started = await post(harness, '/two-factor/enable', { password }, cookie)
  expect(started.status).toBe(200)
  const secret = new URL(started.body.totpURI).searchParams.get('secret') ?? ''
  // The code of the step before is good, too; the newer ones are left for signing in.
  const code = totp(secret, Date.now() - periodMs)
  const proven = await post(harness, '/two-factor/verify-totp', { code }, cookie)
  expect(proven.status).toBe(200)
  return { secret, codes: started.body.backupCodes as string[], cookie: cookiesOf(proven.headers) }
}

async function startSignIn(harness: Harness, email = 'viewer@example.com') {
  harness.signOut()
  const answer = await post(harness, '/sign-in/email', { email, password })
  expect(answer).toMatchObject({ status: 200, body: { twoFactorRedirect: true } })
  return cookiesOf(answer.headers)
}

const me = (harness: Harness, cookie: string) => harness.call('GET', '/api/v1/me', undefined, { cookie })

describe('a second factor', () => {
  it('is asked for at sign-in: the password alone opens nothing', async () => {
    const harness = await createHarness()
    await harness.signInAs('viewer')
    const { secret, cookie } = await enrol(harness)
    expect((await me(harness, cookie)).body.mfa).toEqual({
      enabled: true,
      required: false,
      totp: true,
      verified: true,
    })
    const halfway = await startSignIn(harness)
    expect((await me(harness, halfway)).status).toBe(401)
    const wrong = await post(harness, '/two-factor/verify-totp', { code: '000000' }, halfway)
    expect(wrong.status).toBe(401)
    const right = await post(harness, '/two-factor/verify-totp', { code: totp(secret, Date.now()) }, halfway)
    expect(right.status).toBe(200)
    expect((await me(harness, cookiesOf(right.headers))).status).toBe(200)
  })

  it('takes a code once, however many sign-ins try it', async () => {
    const harness = await createHarness()
    await harness.signInAs('viewer')
    const { secret } = await enrol(harness)
    const [first, second] = [await startSignIn(harness), await startSignIn(harness)]
    const code = totp(secret, Date.now())
    const answers = await Promise.all(
      [first, second].map((cookie) => post(harness, '/two-factor/verify-totp', { code }, cookie)),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401])
    const refused = answers.find(({ status }) => status === 401)
    expect((await me(harness, cookiesOf(refused?.headers ?? new Headers()))).status).toBe(401)
  })

  it('takes no code twice for a step-up either, and a recovery code once', async () => {
    const harness = await createHarness()
    await harness.signInAs('viewer')
    const { secret, codes, cookie } = await enrol(harness)
    const verified = async () => (await me(harness, cookie)).body.mfa.verified
    expect(await verified()).toBe(true)
    const code = totp(secret, Date.now())
    const first = await post(harness, '/two-factor/verify-totp', { code }, cookie)
    const again = await post(harness, '/two-factor/verify-totp', { code }, cookie)
    expect([first.status, again.status]).toEqual([200, 401])
    const recover = () => post(harness, '/two-factor/verify-backup-code', { code: codes[0] }, cookie)
    const answers = await Promise.all([recover(), recover()])
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('lets a stolen session guess fifteen times in a quarter of an hour', async () => {
    const harness = await createHarness()
    await harness.signInAs('viewer')
    const { cookie } = await enrol(harness)
    const guesses: number[] = []
    for (let i = 0; i < 16; i++) {
      guesses.push((await post(harness, '/two-factor/verify-totp', { code: '000000' }, cookie)).status)
    }
    expect(guesses.at(-1)).toBe(429)
  })

  it('has recovery codes that work once each, also in a race', async () => {
    const harness = await createHarness()
    await harness.signInAs('viewer')
    const { codes } = await enrol(harness)
    expect(codes).toHaveLength(10)
    const [first, second] = [await startSignIn(harness), await startSignIn(harness)]
    const answers = await Promise.all(
      [first, second].map((cookie) =>
        post(harness, '/two-factor/verify-backup-code', { code: codes[0] }, cookie),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const third = await startSignIn(harness)
    const again = await post(harness, '/two-factor/verify-backup-code', { code: codes[0] }, third)
    expect(again.status).toBe(401)
    const next = await post(harness, '/two-factor/verify-backup-code', { code: codes[1] }, third)
    expect(next.status).toBe(200)
  })

  it('is removed by an administrator for somebody who lost it', async () => {
    const harness = await createHarness()
    await harness.signInAs('viewer')
    const { userId } = (await harness.call('GET', '/api/v1/me')).body
    await enrol(harness)
    await harness.signIn()
    expect((await harness.call('DELETE', `/api/v1/users/${userId}/mfa`)).body.mfaEnabled).toBe(false)
    harness.signOut()
    const answer = await post(harness, '/sign-in/email', { email: 'viewer@example.com', password })
    expect((await me(harness, cookiesOf(answer.headers))).status).toBe(200)
  })
})

describe('the policy', () => {
  it('lets somebody without a second factor do nothing but set one up', async () => {
    const harness = await createHarness()
    await harness.signIn()
    const input = { name: 'CI', scopes: ['read'], expiresInDays: null }
    const { key } = (await harness.call('POST', '/api/v1/me/api-keys', input)).body
    const byKey = { authorization: `Bearer ${key}`, cookie: '' }
    expect((await harness.call('GET', '/api/v1/sites', undefined, byKey)).status).toBe(200)
    const set = (mfaRequiredFor: string) => harness.call('PATCH', '/api/v1/people-policy', { mfaRequiredFor })
    expect((await set('administrators')).status).toBe(200)
    expect((await harness.call('GET', '/api/v1/me')).body.mfa).toMatchObject({
      enabled: false,
      required: true,
    })
    const refused = { status: 403, body: { code: 'mfa-required' } }
    expect(await harness.call('GET', '/api/v1/sites')).toMatchObject(refused)
    expect(await harness.call('GET', '/api/v1/sites', undefined, byKey)).toMatchObject(refused)
    expect(await set('nobody')).toMatchObject(refused)
    const { cookie } = await enrol(harness)
    expect((await harness.call('GET', '/api/v1/sites', undefined, { cookie })).status).toBe(200)
    expect((await harness.call('GET', '/api/v1/sites', undefined, byKey)).status).toBe(200)
  })

  it('for administrators leaves others alone', async () => {
    const harness = await createHarness()
    await harness.signIn()
    await harness.call('PATCH', '/api/v1/people-policy', { mfaRequiredFor: 'administrators' })
    await harness.signInAs('user')
    expect((await harness.call('GET', '/api/v1/sites')).status).toBe(200)
  })
})
