import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { createDeployable, createHarness, type Harness } from '../../testing/harness.ts'

const minuteMs = 60_000
const setMode = (harness: Harness, mode: string) => harness.call('PUT', '/api/v1/safety/mode', { mode })

async function createSafe() {
  const harness = await createHarness()
  await harness.signIn()
  const given = await createDeployable(harness)
  await setMode(harness, 'safe')
  const { machineId, imageId, disk } = given.request
  const targets = { machineId, imageId, disk }
  const confirm = async (operation: string, wanted: object) =>
    harness.call('POST', '/api/v1/confirmations', { operation, targets: wanted })
  const deploy = (confirmationId?: string, change = {}) =>
    harness.call(
      'POST',
      '/api/v1/deployments',
      { ...given.request, ...change },
      confirmationId ? { 'x-dragonfly-confirmation': confirmationId } : {},
    )
  const remove = (confirmationId?: string) =>
    harness.call(
      'DELETE',
      `/api/v1/machines/${machineId}`,
      undefined,
      confirmationId ? { 'x-dragonfly-confirmation': confirmationId } : {},
    )
  const state = async () => {
    const headers = { authorization: `Bearer ${await given.edge.token()}` }
    return (await harness.call('GET', '/api/edge/v1/state', undefined, headers)).body
  }
  return { harness, ...given, targets, confirm, deploy, remove, state }
}

describe('safe mode', () => {
  it('is everybody’s own, starts safe, and comes back 30 minutes after it was left', async () => {
    const { harness } = await createSafe()
    const on = { powerControl: 'on', reimage: 'on' }
    const mode = async () => (await harness.call('GET', '/api/v1/safety')).body
    expect(await mode()).toEqual({ mode: 'safe', powerUntil: null, minimum: 'power', ...on })
    const powerUntil = harness.clock.now + 30 * minuteMs
    expect((await setMode(harness, 'power')).body).toEqual({
      mode: 'power',
      powerUntil,
      minimum: 'power',
      ...on,
    })
    harness.clock.now = powerUntil - 1
    expect(await mode()).toMatchObject({ mode: 'power' })
    harness.clock.now = powerUntil
    expect(await mode()).toMatchObject({ mode: 'safe', powerUntil: null })
  })

  it('refuses every destructive operation without a confirmation, and an abort never', async () => {
    const { harness, siteId, edge, imageId, machineId, deploy, remove } = await createSafe()
    const disc = { url: 'https://images.example.com/rescue.iso' }
    const answers = [
      await deploy(),
      await remove(),
      await harness.call('DELETE', `/api/v1/edges/${edge.edgeId}`),
      await harness.call('DELETE', `/api/v1/images/${imageId}`),
      await harness.call('DELETE', `/api/v1/sites/${siteId}`),
      await harness.call('PUT', `/api/v1/machines/${machineId}/bmc/media`, disc),
    ]
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 428, body: { code: 'confirmation-required' } })
    await setMode(harness, 'power')
    const { deploymentId } = (await deploy()).body
    await setMode(harness, 'safe')
    expect((await harness.call('POST', `/api/v1/deployments/${deploymentId}/abort`)).status).toBe(202)
  })

  it('lets a confirmed operation pass, once, not at once, and not for ever', async () => {
    const { harness, confirm, targets, deploy } = await createSafe()
    const { body } = await confirm('createDeployment', targets)
    const begunAt = harness.clock.now
    expect(body).toMatchObject({ notBefore: begunAt + 1500, expiresAt: begunAt + 2 * minuteMs, waitMs: 1500 })
    harness.clock.now = begunAt + 1499
    expect(await deploy(body.confirmationId)).toMatchObject({
      status: 428,
      body: { code: 'confirmation-too-early' },
    })
    harness.clock.now = begunAt + 1500
    const deployed = await deploy(body.confirmationId)
    expect(deployed.status).toBe(201)
    await harness.call('POST', `/api/v1/deployments/${deployed.body.deploymentId}/abort`)
    expect((await deploy(body.confirmationId)).body.code).toBe('confirmation-invalid')
    const late = (await confirm('createDeployment', targets)).body
    harness.clock.now += 2 * minuteMs
    expect((await deploy(late.confirmationId)).body.code).toBe('confirmation-invalid')
  })

  it('binds a confirmation to its session, its operation and its exact targets', async () => {
    const { harness, confirm, targets, deploy, remove, machineId } = await createSafe()
    const { confirmationId } = (await confirm('createDeployment', targets)).body
    harness.clock.now += 2000
    expect((await remove(confirmationId)).body.code).toBe('confirmation-invalid')
    const elsewhere = { disk: { by: 'largest', kind: 'ssd' } }
    expect((await deploy(confirmationId, elsewhere)).body.code).toBe('confirmation-invalid')
    await harness.signInAs('administrator')
    await setMode(harness, 'safe')
    expect((await deploy(confirmationId)).body.code).toBe('confirmation-invalid')
    expect((await confirm('deleteMachine', { machineId, siteId: 'x' })).status).toBe(422)
    expect((await confirm('abortDeployment', {})).status).toBe(422)
  })

  it('says in the signed order whether it was confirmed', async () => {
    const { harness, confirm, targets, deploy, state } = await createSafe()
    const orderSafety = async () => decodeJwt((await state()).deployments[0].order).safety
    const { confirmationId } = (await confirm('createDeployment', targets)).body
    harness.clock.now += 2000
    await deploy(confirmationId)
    expect(await orderSafety()).toBe('safe')
  })

  it('says in the signed order that power mode was in force', async () => {
    const { harness, deploy, state } = await createSafe()
    await setMode(harness, 'power')
    await deploy()
    expect(decodeJwt((await state()).deployments[0].order).safety).toBe('power')
  })

  it('is kept up by a site that asks for it, and its edges are told', async () => {
    const { harness, siteId, remove, confirm, machineId, state } = await createSafe()
    await setMode(harness, 'power')
    expect((await state()).minimumSafety).toBe('power')
    await harness.call('PATCH', `/api/v1/sites/${siteId}`, { minimumSafety: 'safe' })
    expect((await state()).minimumSafety).toBe('safe')
    expect((await remove()).status).toBe(428)
    const { confirmationId } = (await confirm('deleteMachine', { machineId })).body
    harness.clock.now += 1500
    expect((await remove(confirmationId)).status).toBe(200)
  })

  it('is kept up by an organisation that asks for it', async () => {
    const { harness, remove, state } = await createSafe()
    await setMode(harness, 'power')
    const { version } = await state()
    await harness.call('PUT', '/api/v1/safety/minimum', { minimum: 'safe' })
    expect(await state()).toMatchObject({ minimumSafety: 'safe', version: version + 1 })
    expect((await remove()).status).toBe(428)
    expect((await harness.call('GET', '/api/v1/safety')).body).toMatchObject({
      mode: 'safe',
      minimum: 'safe',
    })
    expect(await setMode(harness, 'power')).toMatchObject({ status: 409, body: { code: 'safety-minimum' } })
    await harness.signInAs('user')
    expect((await harness.call('PUT', '/api/v1/safety/minimum', { minimum: 'power' })).status).toBe(403)
  })

  it('wants a confirmation where a guard is let go of, and none where one is raised', async () => {
    const { harness, siteId, confirm } = await createSafe()
    const cases = [
      {
        operation: 'setMinimumSafety',
        change: ['PUT', '/api/v1/safety/minimum'],
        loose: { minimum: 'power' },
        tight: { minimum: 'safe' },
        targets: { minimum: 'power' },
      },
      {
        operation: 'updateFrontDoor',
        change: ['PATCH', '/api/v1/front-door'],
        loose: { frontPage: 'open' },
        tight: { frontPage: 'administrators' },
        targets: { frontPage: 'open' },
      },
      {
        operation: 'updateSite',
        change: ['PATCH', `/api/v1/sites/${siteId}`],
        loose: { minimumSafety: 'power' },
        tight: { minimumSafety: 'safe' },
        targets: { siteId, minimumSafety: 'power' },
      },
    ] as const
    for (const { operation, change, loose, tight, targets } of cases) {
      const [method, path] = change
      expect((await harness.call(method, path, tight)).status, operation).toBe(200)
      expect((await harness.call(method, path, loose)).body.code, operation).toBe('confirmation-required')
      const { confirmationId } = (await confirm(operation, targets)).body
      harness.clock.now += 1500
      const headers = { 'x-dragonfly-confirmation': confirmationId }
      expect((await harness.call(method, path, loose, headers)).status, operation).toBe(200)
      expect((await harness.call(method, path, loose, headers)).status, operation).toBe(428)
    }
  })
})
