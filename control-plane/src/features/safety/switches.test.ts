import { beforeEach, describe, expect, it } from 'vitest'
import { createDeployable, createHarness, type Harness } from '../../testing/harness.ts'

let harness: Harness
let given: Awaited<ReturnType<typeof createDeployable>>
beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
  given = await createDeployable(harness)
})

const flip = (position: string, siteId: string | null = given.siteId, control = 'reimage') =>
  harness.call('PUT', '/api/v1/safety/switches', { siteId, control, position })
const deploy = () => harness.call('POST', '/api/v1/deployments', given.request)
const machine = async () => (await harness.call('GET', `/api/v1/machines/${given.machineId}`)).body
const state = async () => {
  const headers = { authorization: `Bearer ${await given.edge.token()}` }
  return (await harness.call('GET', '/api/edge/v1/state', undefined, headers)).body
}

describe('what is switched off', () => {
  it('at a site is refused by the API, shown at its machines, and told to its edges', async () => {
    const { version } = await state()
    expect((await flip('off')).status).toBe(200)
    expect(await deploy()).toMatchObject({
      status: 409,
      body: {
        code: 'reimage-off',
        detail: 'Reimaging is switched off here: an administrator can switch it on again.',
      },
    })
    expect(await machine()).toMatchObject({ reimage: 'off', powerControl: 'on' })
    expect(await state()).toMatchObject({ reimage: 'off', powerControl: 'on', version: version + 1 })
    expect((await harness.call('GET', '/api/v1/safety')).body.reimage).toBe('on')
    expect(harness.live).toContainEqual({ type: 'changed', entity: 'safety', id: given.siteId })
    expect((await flip('on')).status).toBe(200)
    expect((await deploy()).status).toBe(201)
  })

  it('for all is off at every site, and stays off where it is on at the site', async () => {
    const elsewhere = await harness.createSite('Cellar')
    await flip('off', null)
    expect((await harness.call('GET', '/api/v1/safety')).body.reimage).toBe('off')
    expect((await deploy()).body.code).toBe('reimage-off')
    await flip('on')
    expect((await deploy()).body.code).toBe('reimage-off')
    expect(await state()).toMatchObject({ reimage: 'off' })
    expect((await harness.call('GET', `/api/v1/sites/${elsewhere}`)).body.reimage).toBe('on')
    await flip('on', null)
    expect((await deploy()).status).toBe(201)
  })

  it('leaves alone what is not meant: power control is another switch', async () => {
    await flip('off', given.siteId, 'powerControl')
    expect(await state()).toMatchObject({ reimage: 'on', powerControl: 'off' })
    expect((await deploy()).status).toBe(201)
  })

  it('is off at once in safe mode; to switch it on again wants a confirmation of exactly that', async () => {
    await harness.call('PUT', '/api/v1/safety/mode', { mode: 'safe' })
    expect((await flip('off')).status).toBe(200)
    expect(await flip('on')).toMatchObject({ status: 428, body: { code: 'confirmation-required' } })
    const targets = { siteId: given.siteId, control: 'reimage', position: 'on' }
    const confirm = async () =>
      (await harness.call('POST', '/api/v1/confirmations', { operation: 'setSafetySwitch', targets })).body
        .confirmationId
    const confirmed = (id: string, input: object) =>
      harness.call('PUT', '/api/v1/safety/switches', input, { 'x-dragonfly-confirmation': id })
    const [one, other] = [await confirm(), await confirm()]
    harness.clock.now += 2000
    expect((await confirmed(one, { ...targets, siteId: null })).body.code).toBe('confirmation-invalid')
    expect((await confirmed(other, targets)).status).toBe(200)
    expect((await machine()).reimage).toBe('on')
  })

  it('is for administrators, at sites that exist', async () => {
    expect((await flip('off', 'another-site')).status).toBe(404)
    await harness.signInAs('user')
    expect((await flip('off')).status).toBe(403)
    expect(await state()).toMatchObject({ reimage: 'on' })
  })
})
