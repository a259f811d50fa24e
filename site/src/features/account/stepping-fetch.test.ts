import { afterEach, expect, it, vi } from 'vitest'
import { currentStepUp } from './step-up-store.ts'
import { steppingFetch } from './stepping-fetch.ts'

afterEach(() => vi.unstubAllGlobals())

/** A server that wants a second factor until it was given. */
function serve() {
  const state = { isFresh: false, bodies: [] as string[] }
  vi.stubGlobal('fetch', async (request: Request) => {
    state.bodies.push(await request.text())
    return state.isFresh
      ? new Response(null, { status: 204 })
      : new Response(null, { status: 403, headers: { 'x-dragonfly-problem': 'step-up-required' } })
  })
  return state
}

const patch = (body: string) =>
  steppingFetch(new Request('http://localhost/api/v1/users/u1', { method: 'PATCH', body }))
const untilAsked = () => vi.waitFor(() => expect(currentStepUp()).not.toBeNull())

it('repeats the very same request when the factor was given; several share one dialog', async () => {
  const server = serve()
  const answers = [patch('a'), patch('b')]
  await untilAsked()
  await vi.waitFor(() => expect(server.bodies).toHaveLength(2))
  server.isFresh = true
  currentStepUp()?.onProven()
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([204, 204])
  expect(server.bodies.toSorted()).toEqual(['a', 'a', 'b', 'b'])
  expect(currentStepUp()).toBeNull()
})

it('changes nothing when it is cancelled', async () => {
  const server = serve()
  const refused = expect(patch('a')).rejects.toMatchObject({ problem: { code: 'cancelled' } })
  await untilAsked()
  currentStepUp()?.onCancel()
  await refused
  expect(server.bodies).toEqual(['a'])
})

it('hands on every other answer, other refusals included', async () => {
  vi.stubGlobal('fetch', async () => new Response(null, { status: 403 }))
  expect((await patch('a')).status).toBe(403)
  expect(currentStepUp()).toBeNull()
})
