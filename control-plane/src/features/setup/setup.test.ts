import { expect, it } from 'vitest'
import { createHarness } from '../../testing/harness.ts'

const person = { name: 'Ada', email: 'Ada@Example.com', password: 'correct horse battery' }

it('makes the first administrator by the printed code, once, and signs them in', async () => {
  const harness = await createHarness()
  expect((await harness.call('GET', '/api/v1/setup')).body).toMatchObject({ needsAdministrator: true })
  const code = harness.deps.setupCode?.toLowerCase().replace('-', ' ')
  const first = await harness.call('POST', '/api/v1/setup/administrator', { code, ...person })
  expect(first).toMatchObject({ status: 201, body: { role: 'administrator', email: 'ada@example.com' } })
  const cookie = first.headers.getSetCookie()[0] ?? ''
  expect(cookie).toMatch(/HttpOnly/i)
  expect(cookie).toMatch(/SameSite=Lax/i)
  const me = await harness.call('GET', '/api/v1/me', undefined, { cookie: cookie.split(';')[0] ?? '' })
  expect(me.body).toMatchObject({ name: 'Ada', role: 'administrator' })
  const second = await harness.call('POST', '/api/v1/setup/administrator', {
    code,
    ...person,
    email: 'eve@example.com',
  })
  expect(second).toMatchObject({ status: 409, body: { code: 'administrator-exists' } })
  expect((await harness.call('GET', '/api/v1/setup')).body).toMatchObject({ needsAdministrator: false })
})

it('lets only one of two succeed who have the code at the same moment', async () => {
  const harness = await createHarness()
  const code = harness.deps.setupCode
  const answers = await Promise.all(
    ['a@example.com', 'b@example.com'].map((email) =>
      harness.call('POST', '/api/v1/setup/administrator', { code, ...person, email }),
    ),
  )
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
})

it('refuses a wrong code, and too many of them', async () => {
  const harness = await createHarness()
  const guess = () => harness.call('POST', '/api/v1/setup/administrator', { code: 'AAAA-AAAA', ...person })
  expect(await guess()).toMatchObject({ status: 403, body: { code: 'wrong-code' } })
  for (let i = 0; i < 9; i++) await guess()
  expect(await guess()).toMatchObject({ status: 429 })
  const elsewhere = { peer: '198.51.100.7' }
  const right = { code: harness.deps.setupCode, ...person }
  expect((await harness.call('POST', '/api/v1/setup/administrator', right)).status).toBe(429)
  expect((await harness.call('POST', '/api/v1/setup/administrator', right, elsewhere)).status).toBe(201)
})

it('takes three hundred guesses an hour from everywhere together', async () => {
  const harness = await createHarness()
  const guess = (peer: string) =>
    harness.call('POST', '/api/v1/setup/administrator', { code: 'AAAA-AAAA', ...person }, { peer })
  for (let i = 0; i < 300; i++) expect((await guess(`203.0.113.${i % 100}`)).status).toBe(403)
  harness.clock.now += 61_000
  expect((await guess('198.51.100.7')).status).toBe(429)
  harness.clock.now += 60 * 60_000
  expect((await guess('198.51.100.7')).status).toBe(403)
})

it('has no sign-up', async () => {
  const harness = await createHarness()
  const answer = await harness.call('POST', '/api/auth/sign-up/email', person)
  expect(answer.status).toBeGreaterThanOrEqual(400)
  expect((await harness.call('POST', '/api/auth/sign-in/email', person)).status).toBe(401)
})

it('says what is wrong with the input, field by field', async () => {
  const harness = await createHarness()
  const answer = await harness.call('POST', '/api/v1/setup/administrator', {
    code: 'x',
    ...person,
    password: 'short',
  })
  expect(answer).toMatchObject({
    status: 422,
    body: {
      code: 'invalid',
      detail: 'At least 12 characters, please.',
      errors: [{ path: 'password', message: 'At least 12 characters, please.' }],
    },
  })
})

it('lets nobody raise their own role', async () => {
  const harness = await createHarness()
  await harness.signInAs('viewer')
  await harness.call('POST', '/api/auth/update-user', { name: 'Eve', role: 'administrator' })
  expect((await harness.call('GET', '/api/v1/me')).body.role).toBe('viewer')
})
