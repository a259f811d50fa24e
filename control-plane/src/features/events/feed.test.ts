import type { LiveEvent } from '@dragonfly/schema/api'
import { expect, it } from 'vitest'
import { createHarness, type Harness } from '../../testing/harness.ts'
import { findPerson } from '../people/find-person.ts'
import { startFeed } from './feed.ts'

const password = 'correct horse battery staple'

/** A person with a socket; `closed` resolves with its code. */
async function watch(harness: Harness, person: { role: string; siteIds?: string[] }) {
  const made = await harness.call('POST', '/api/v1/users', {
    name: 'Eve',
    email: 'eve@example.com',
    password,
    ...person,
  })
  const answer = await harness.call(
    'POST',
    '/api/auth/sign-in/email',
    { email: 'eve@example.com', password },
    { cookie: '' },
  )
  const cookie = answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const headers = new Headers({ cookie })
  const found = await findPerson(harness.deps, headers)
  if (!found) throw new Error('not signed in')
  const events: LiveEvent[] = []
  const closed = Promise.withResolvers<number>()
  const unsent = { bytes: 0 }
  const end = startFeed(
    harness.deps,
    found,
    { headers, address: '192.0.2.7' },
    {
      send: (event) => events.push(event),
      close: (code) => closed.resolve(code),
      unsentBytes: () => unsent.bytes,
    },
  )
  return {
    unsent,
    userId: made.body.userId,
    cookie,
    events,
    closed: closed.promise,
    end,
  }
}

it('cuts the socket of a person whose session is ended', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const { userId, closed } = await watch(harness, { role: 'user' })
  await harness.call('DELETE', `/api/v1/users/${userId}/sessions`)
  expect(await closed).toBe(4401)
})

it('cuts it at sign-out', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const { cookie, closed } = await watch(harness, { role: 'user' })
  await harness.call('POST', '/api/auth/sign-out', {}, { cookie })
  expect(await closed).toBe(4401)
})

it('cuts it when they are deactivated, or deleted', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const first = await watch(harness, { role: 'user' })
  await harness.call('PATCH', `/api/v1/users/${first.userId}`, { active: false })
  expect(await first.closed).toBe(4401)
  await harness.call('DELETE', `/api/v1/users/${first.userId}`)
  const second = await watch(harness, { role: 'user' })
  await harness.call('DELETE', `/api/v1/users/${second.userId}`)
  expect(await second.closed).toBe(4401)
})

it.each([{ role: 'viewer' }, { siteIds: [] }])('cuts it when their rights change: %o', async (patch) => {
  const harness = await createHarness()
  await harness.signIn()
  const { userId, closed } = await watch(harness, { role: 'user' })
  await harness.call('PATCH', `/api/v1/users/${userId}`, patch)
  expect(await closed).toBe(4403)
})

it('tells a person who is limited to sites nothing of others, and a user nothing of other people', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const [own, foreign] = [await harness.createSite('Own'), await harness.createSite('Foreign')]
  const { events, end } = await watch(harness, { role: 'user', siteIds: [own] })
  const ada = (await harness.call('GET', '/api/v1/me')).body.userId
  await harness.call('PATCH', `/api/v1/users/${ada}`, { name: 'Ada L.' })
  await harness.call('POST', '/api/v1/machines', { siteId: foreign, mac: '52:54:00:00:00:01' })
  await harness.call('POST', '/api/v1/machines', { siteId: own, mac: '52:54:00:00:00:02' })
  const isTold = (entity: string) =>
    events.some((event) => event.type === 'changed' && event.entity === entity)
  while (!isTold('site') || !isTold('machine')) await new Promise((resolve) => setImmediate(resolve))
  end()
  const told = JSON.stringify(events)
  expect(told).not.toContain(foreign)
  expect(told).not.toContain(ada)
  expect(events.filter((event) => event.type === 'changed' && event.entity === 'machine')).toHaveLength(1)
})

it('cuts it when the front door closes behind them', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const refused = await watch(harness, { role: 'user' })
  const allowlist = ['198.51.100.0/24']
  await harness.call('PATCH', '/api/v1/front-door', { allowlist, confirmation: 'lock me out' })
  expect(await refused.closed).toBe(4403)
})

it('cuts a person who is no administrator when the panel is for those only', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const { closed } = await watch(harness, { role: 'user' })
  await harness.call('PATCH', '/api/v1/front-door', { frontPage: 'administrators' })
  expect(await closed).toBe(4403)
})

it('keeps no more than a bounded amount for a reader who does not read', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const { unsent, events, closed } = await watch(harness, { role: 'user' })
  const event: LiveEvent = { type: 'log', machineId: 'm', deploymentId: null }
  unsent.bytes = 1024 * 1024
  harness.deps.live.publish([event])
  const told = events.length
  unsent.bytes++
  harness.deps.live.publish([event, event])
  expect(await closed).toBe(1013)
  expect(events).toHaveLength(told)
})
