import { destructiveOperationNames } from '@dragonfly/schema/state'
import { afterEach, expect, it, vi } from 'vitest'
import { currentHold } from './confirmation-store.ts'
import { confirmingFetch, findDangerous } from './confirming-fetch.ts'

const deployment = { machineId: 'm1', imageId: 'i1', disk: { by: 'smallest' }, hostname: 'web-1' }

it('knows what is dangerous by its address, and what it is bound to', () => {
  expect(findDangerous('POST', '/api/v1/deployments', deployment)).toEqual({
    operation: 'createDeployment',
    targets: { machineId: 'm1', imageId: 'i1', disk: { by: 'smallest' } },
  })
  expect(findDangerous('DELETE', '/api/v1/machines/m%201', null)).toEqual({
    operation: 'deleteMachine',
    targets: { machineId: 'm 1' },
  })
  const deleted = ['machines', 'edges', 'sites', 'images'].map(
    (noun) => findDangerous('DELETE', `/api/v1/${noun}/x`, null)?.operation,
  )
  const cleared = findDangerous('DELETE', '/api/v1/machines/m1/bmc/event-log', null)
  expect(cleared?.targets).toEqual({ machineId: 'm1' })
  const posted = ['deploy', 'delete', 'power'].map(
    (verb) => findDangerous('POST', `/api/v1/bulk/${verb}`, { machineIds: ['a'], count: 1 })?.operation,
  )
  const toggle = (position: string) =>
    findDangerous('PUT', '/api/v1/safety/switches', { siteId: null, control: 'reimage', position })
  expect(toggle('off')).toBeNull()
  expect(toggle('on')?.targets).toEqual({ siteId: null, control: 'reimage', position: 'on' })
  const power = findDangerous('POST', '/api/v1/machines/m1/power', { operation: 'off' })
  expect(power?.targets).toEqual({ machineId: 'm1', operation: 'off' })
  const disc = { url: 'https://images.example.com/rescue.iso' }
  const inserted = findDangerous('PUT', '/api/v1/machines/m1/bmc/media', disc)
  expect(inserted?.targets).toEqual({ machineId: 'm1', ...disc })
  expect(findDangerous('DELETE', '/api/v1/machines/m1/bmc/media', null)).toBeNull()
  const loosened = [
    findDangerous('PUT', '/api/v1/safety/minimum', { minimum: 'power' }),
    findDangerous('PATCH', '/api/v1/front-door', { frontPage: 'open' }),
    findDangerous('PATCH', '/api/v1/sites/s1', { minimumSafety: 'power' }),
  ].map((found) => found?.operation)
  expect(findDangerous('PUT', '/api/v1/safety/minimum', { minimum: 'safe' })).toBeNull()
  expect(findDangerous('PATCH', '/api/v1/front-door', { frontPage: 'administrators' })).toBeNull()
  expect(findDangerous('PATCH', '/api/v1/sites/s1', { name: 'Attic' })).toBeNull()
  const one = [cleared, power, inserted, toggle('on')].map((found) => found?.operation)
  const named = ['createDeployment', ...one, ...loosened, ...posted, ...deleted]
  expect(new Set(named)).toEqual(new Set(destructiveOperationNames))
  expect(findDangerous('POST', '/api/v1/deployments/d1/abort', {})).toBeNull()
  expect(findDangerous('PATCH', '/api/v1/machines/m1', {})).toBeNull()
})

afterEach(() => vi.unstubAllGlobals())

/** A server in safe or power mode that may want confirmations all the same. */
function serve(mode: string, insists: boolean) {
  const confirmed: (string | null)[] = []
  vi.stubGlobal('fetch', async (input: Request | string) => {
    if (typeof input === 'string') return Response.json({ mode })
    const confirmation = input.headers.get('x-dragonfly-confirmation')
    confirmed.push(confirmation)
    return new Response(null, { status: insists && !confirmation ? 428 : 200 })
  })
  return confirmed
}

const remove = () => confirmingFetch(new Request('http://localhost/api/v1/machines/m1', { method: 'DELETE' }))
const untilAsked = () => vi.waitFor(() => expect(currentHold()).not.toBeNull())

it('asks first in safe mode, and sends what was confirmed', async () => {
  const confirmed = serve('safe', true)
  const answer = remove()
  await untilAsked()
  currentHold()?.onHeld('c1')
  expect((await answer).status).toBe(200)
  expect(confirmed).toEqual(['c1'])
})

it('sends nothing when it is cancelled', async () => {
  const confirmed = serve('safe', true)
  const answer = remove()
  const refused = expect(answer).rejects.toMatchObject({ problem: { code: 'cancelled' } })
  await untilAsked()
  currentHold()?.onCancel()
  await refused
  expect(confirmed).toEqual([])
  expect(currentHold()).toBeNull()
})

it('does not ask in power mode, unless the server insists', async () => {
  const confirmed = serve('power', false)
  expect((await remove()).status).toBe(200)
  expect(confirmed).toEqual([null])
  const insisted = serve('power', true)
  const answer = remove()
  await untilAsked()
  currentHold()?.onHeld('c2')
  expect((await answer).status).toBe(200)
  expect(insisted).toEqual([null, 'c2'])
})
