import type { BulkVerdict } from '@dragonfly/schema/api'
import { beforeEach, describe, expect, it } from 'vitest'
import { createDeployable, createHarness, type Harness } from '../../testing/harness.ts'

let harness: Harness
let given: Awaited<ReturnType<typeof createDeployable>>
/** Five; the second is locked. */
let machineIds: string[]

beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
  given = await createDeployable(harness)
  machineIds = [given.machineId]
  for (const digit of [2, 3, 4, 5]) {
    const machine = { siteId: given.siteId, mac: `52:54:00:00:00:0${digit}`, name: `node-${digit}` }
    machineIds.push((await harness.call('POST', '/api/v1/machines', machine)).body.machineId)
  }
  await harness.call('POST', `/api/v1/machines/${machineIds[1]}/lock`, { reason: 'Photographs.' })
})

const bulk = (verb: string, body: object, confirmationId?: string) =>
  harness.call(
    'POST',
    `/api/v1/bulk/${verb}`,
    { machineIds, ...body },
    confirmationId ? { 'x-dragonfly-confirmation': confirmationId } : {},
  )
const outcomes = (items: readonly BulkVerdict[]) => items.map(({ outcome, code }) => code ?? outcome)
const machine = async (index: number) =>
  (await harness.call('GET', `/api/v1/machines/${machineIds[index]}`)).body
const choices = () => {
  const { imageId, disk, sshKeys } = given.request
  return { imageId, disk, sshKeys }
}

describe('many machines at once', () => {
  it('are deleted with a verdict for each, and a lock keeps its machine', async () => {
    const { status, body } = await bulk('delete', { count: 5 })
    expect(status).toBe(200)
    expect(outcomes(body.items)).toEqual(['done', 'machine-not-deletable', 'done', 'done', 'done'])
    expect(body.items[1]).toMatchObject({
      machineId: machineIds[1],
      name: 'node-2',
      message: 'It is locked: unlock it first.',
    })
    expect((await harness.call('GET', '/api/v1/machines')).body.items).toHaveLength(1)
  })

  it('are counted: a wrong count, none, or one that is named twice changes nothing', async () => {
    expect(await bulk('delete', { count: 4 })).toMatchObject({
      status: 422,
      body: { detail: 'The count is not that of the machines named: look at the list again.' },
    })
    expect((await bulk('delete', {})).status).toBe(422)
    expect((await bulk('delete', { machineIds: [], count: 0 })).status).toBe(422)
    const twice = [machineIds[0], machineIds[0]]
    expect((await bulk('delete', { machineIds: twice, count: 2 })).status).toBe(422)
    expect((await bulk('deploy', { ...choices(), count: 6 })).status).toBe(422)
    expect((await harness.call('GET', '/api/v1/machines')).body.items).toHaveLength(5)
  })

  it('are confirmed in safe mode: exactly these, and exactly as many', async () => {
    await harness.call('PUT', '/api/v1/safety/mode', { mode: 'safe' })
    expect((await bulk('delete', { count: 5 })).body.code).toBe('confirmation-required')
    const begin = async (targets: object) =>
      (await harness.call('POST', '/api/v1/confirmations', { operation: 'deleteMachines', targets })).body
        .confirmationId
    const few = await begin({ machineIds: machineIds.slice(0, 3), count: 3 })
    const miscounted = await begin({ machineIds, count: 3 })
    const all = await begin({ machineIds, count: 5 })
    harness.clock.now += 2000
    expect((await bulk('delete', { count: 5 }, few)).body.code).toBe('confirmation-invalid')
    expect((await bulk('delete', { count: 5 }, miscounted)).body.code).toBe('confirmation-invalid')
    expect((await bulk('delete', { count: 5 }, all)).status).toBe(200)
    expect((await bulk('delete', { count: 5 }, all)).body.code).toBe('confirmation-invalid')
  })

  it('are deployed within the budget of their site, under their own names unless others are given', async () => {
    await harness.call('PATCH', `/api/v1/sites/${given.siteId}`, { deploymentsAtOnce: 2 })
    const hostnames = { [machineIds[2] ?? '']: 'web-1.example.com' }
    const { body } = await bulk('deploy', { ...choices(), count: 5, hostnames })
    expect(outcomes(body.items)).toEqual(['done', 'machine-not-deployable', 'done', 'queued', 'queued'])
    expect((await machine(2)).deployment).toMatchObject({ hostname: 'web-1.example.com', status: 'armed' })
    expect((await machine(3)).deployment).toMatchObject({ hostname: 'node-4', status: 'queued' })
    // Nobody named it: its four words.
    expect((await machine(0)).deployment.hostname).toMatch(/^[a-z]+$/)
  })

  it('are locked for one reason and unlocked, and tagged whatever else they are tagged with', async () => {
    await harness.call('PATCH', `/api/v1/machines/${machineIds[0]}`, { tags: ['gpu', 'old'] })
    const locked = await bulk('lock', { reason: 'Moving house.' })
    expect(outcomes(locked.body.items)).toEqual(['done', 'machine-locked', 'done', 'done', 'done'])
    expect(await machine(4)).toMatchObject({ locked: true, lockReason: 'Moving house.', lockedBy: 'Ada' })
    expect(await machine(1)).toMatchObject({ lockReason: 'Photographs.' })
    expect(outcomes((await bulk('unlock', {})).body.items)).toEqual(Array(5).fill('done'))
    await bulk('tags', { add: ['gpu', 'rack-1'], remove: ['old'] })
    expect((await machine(0)).tags).toEqual(['gpu', 'rack-1'])
    expect((await machine(4)).tags).toEqual(['gpu', 'rack-1'])
  })

  it('are told to stop, each its own deployment, queued or not', async () => {
    await harness.call('PATCH', `/api/v1/sites/${given.siteId}`, { deploymentsAtOnce: 1 })
    const three = [0, 2, 3].map((index) => machineIds[index])
    await bulk('deploy', { ...choices(), machineIds: three, count: 3 })
    const { body } = await bulk('abort', {})
    expect(outcomes(body.items)).toEqual(['done', 'not-active', 'done', 'done', 'not-active'])
    expect((await machine(0)).deployment).toMatchObject({ status: 'armed', abortRequested: true })
    expect((await machine(2)).deployment).toMatchObject({ status: 'aborted' })
    expect(outcomes((await bulk('abort', { machineIds: [machineIds[0]] })).body.items)).toEqual([
      'abort-requested',
    ])
  })

  it('are adopted, those that are not yet', async () => {
    await harness.deps.db.run(`update machines set adopted_at = null where name = 'node-4'`)
    const { body } = await bulk('adopt', {})
    const already = 'machine-adopted'
    expect(outcomes(body.items)).toEqual([already, already, already, 'done', already])
    expect((await machine(3)).adopted).toBe(true)
  })

  it('are in the audit log one by one, refusals too', async () => {
    await bulk('delete', { count: 5 })
    const { items } = (
      await harness.call('GET', `/api/v1/audit?machineId=${machineIds[1]}&operation=deleteMachine`)
    ).body
    expect(items).toMatchObject([
      { operation: 'deleteMachine', outcome: 'refused', code: 'machine-not-deletable', subject: 'node-2' },
    ])
    const done = (await harness.call('GET', `/api/v1/audit?machineId=${machineIds[2]}&outcome=done`)).body
      .items
    expect(done[0]).toMatchObject({ operation: 'deleteMachine', actorName: 'Ada', details: { bulk: 5 } })
    expect((await harness.call('GET', '/api/v1/audit/verify')).body.intact).toBe(true)
  })

  it('of another site are not there for somebody who is limited to sites', async () => {
    const elsewhere = await harness.createSite('Cellar')
    const foreign = await harness.call('POST', '/api/v1/machines', {
      siteId: elsewhere,
      mac: '52:54:00:00:00:09',
    })
    await harness.signInAs('user')
    const { userId } = (await harness.call('GET', '/api/v1/me')).body
    await harness.deps.db.run(`update user set site_limited = 1 where id = '${userId}'`)
    await harness.deps.db.run(`insert into user_sites values ('${userId}', '${given.siteId}')`)
    const named = [foreign.body.machineId, 'nobody', machineIds[0]]
    const { items } = (await bulk('tags', { machineIds: named, add: ['mine'] })).body
    expect(outcomes(items)).toEqual(['not-found', 'not-found', 'done'])
    expect(items[0]).toEqual({ ...items[1], machineId: foreign.body.machineId })
  })
})

describe('a locked machine', () => {
  it('is spared by every operation that destroys something', async () => {
    const [, locked] = machineIds
    const one = { machineIds: [locked], count: 1 }
    const tries = [
      harness.call('POST', '/api/v1/deployments', { ...given.request, machineId: locked }),
      harness.call('DELETE', `/api/v1/machines/${locked}`),
    ]
    for (const answer of await Promise.all(tries)) expect(answer.status).toBe(409)
    for (const answer of [await bulk('delete', one), await bulk('deploy', { ...choices(), ...one })])
      expect(answer.body.items).toMatchObject([
        { outcome: 'refused', message: 'It is locked: unlock it first.' },
      ])
    expect(await machine(1)).toMatchObject({ locked: true, status: 'ready', deployment: null })
  })
})
