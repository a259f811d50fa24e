import { siteStateSchema } from '@dragonfly/schema/wire'
import { decodeJwt } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { createDeployable, createHarness, type Harness } from '../../testing/harness.ts'
import { releaseQueues } from './queue.ts'

const hourMs = 3_600_000

let harness: Harness
let given: Awaited<ReturnType<typeof createDeployable>>
let machineIds: string[]

/** Four machines at a site that deploys two at a time. */
beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
  given = await createDeployable(harness)
  machineIds = [given.machineId]
  for (const mac of ['52:54:00:00:00:02', '52:54:00:00:00:03', '52:54:00:00:00:04'])
    machineIds.push(
      (await harness.call('POST', '/api/v1/machines', { siteId: given.siteId, mac })).body.machineId,
    )
  await atOnce(2)
})

const atOnce = (deploymentsAtOnce: number) =>
  harness.call('PATCH', `/api/v1/sites/${given.siteId}`, { deploymentsAtOnce })
const deployAll = async (): Promise<string[]> => {
  const ids: string[] = []
  for (const [index, machineId] of machineIds.entries()) {
    const request = { ...given.request, machineId, hostname: `web-${index}` }
    ids.push((await harness.call('POST', '/api/v1/deployments', request)).body.deploymentId)
  }
  return ids
}
const statuses = (ids: readonly string[]) =>
  Promise.all(ids.map(async (id) => (await harness.call('GET', `/api/v1/deployments/${id}`)).body.status))
const abort = (id = '') => harness.call('POST', `/api/v1/deployments/${id}/abort`)
const fail = (deploymentId = '') =>
  given.teller.tell({
    type: 'deployment.failed',
    deploymentId,
    stage: 'writing',
    reason: 'disk-write-error',
    message: 'The disk refused a write.',
  })
async function readState() {
  const headers = { authorization: `Bearer ${await given.edge.token()}` }
  return siteStateSchema.parse((await harness.call('GET', '/api/edge/v1/state', undefined, headers)).body)
}

describe('what edges keep of images', () => {
  const keep = (imageCacheGib: number | null) =>
    harness.call('PATCH', `/api/v1/sites/${given.siteId}`, { imageCacheGib })

  it('is theirs to decide unless somebody sets a limit', async () => {
    expect(await readState()).not.toHaveProperty('imageCacheBytes')
    expect((await keep(20)).body).toMatchObject({ imageCacheGib: 20, deploymentsAtOnce: 2 })
    expect((await readState()).imageCacheBytes).toBe(20 * 1024 ** 3)
    await atOnce(3)
    expect((await readState()).imageCacheBytes).toBe(20 * 1024 ** 3)
    expect((await keep(0)).status).toBe(422)
    expect((await keep(null)).body).toMatchObject({ imageCacheGib: null })
    expect(await readState()).not.toHaveProperty('imageCacheBytes')
  })

  it('is what a queued deployment will write, too', async () => {
    const { body } = await harness.call('POST', '/api/v1/images', {
      name: 'Other',
      url: 'https://images.example.com/other.raw',
      checksum: 'c'.repeat(64),
    })
    const manifestDigest = 'd'.repeat(64)
    const other: string = body.imageId
    await given.teller.tell({
      type: 'image.ready',
      imageId: other,
      manifestDigest,
      sizeBytes: 10,
      storedBytes: 5,
    })
    await atOnce(1)
    const ids: string[] = []
    for (const [index, imageId] of [given.request.imageId, other].entries()) {
      const request = { ...given.request, imageId, machineId: machineIds[index], hostname: `web-${index}` }
      ids.push((await harness.call('POST', '/api/v1/deployments', request)).body.deploymentId)
    }
    expect(await statuses(ids)).toEqual(['armed', 'queued'])
    expect((await readState()).imagesInUse?.sort()).toEqual([given.request.imageId, other].sort())
    await fail(ids[0])
    expect((await readState()).imagesInUse).toEqual([other])
  })
})

describe('the queue of a site', () => {
  it('holds those above the budget back, and no edge hears of them', async () => {
    const ids = await deployAll()
    expect(await statuses(ids)).toEqual(['armed', 'armed', 'queued', 'queued'])
    expect((await readState()).deployments.map((deployment) => deployment.deploymentId)).toEqual(
      ids.slice(0, 2),
    )
    const { imageId } = given.request
    expect((await readState()).imagesInUse).toEqual([imageId])
    const waiting = (await harness.call('GET', `/api/v1/machines/${machineIds[3]}`)).body
    expect(waiting.status).toBe('queued')
    const again = await harness.call('POST', '/api/v1/deployments', {
      ...given.request,
      machineId: machineIds[3],
    })
    expect(again).toMatchObject({
      status: 409,
      body: { detail: 'A deployment is under way: abort it first.' },
    })
    expect((await harness.call('DELETE', `/api/v1/machines/${machineIds[3]}`)).status).toBe(409)
    expect((await harness.call('DELETE', `/api/v1/images/${given.imageId}`)).status).toBe(409)
  })

  it('arms the next one when one ends, with a fresh order and its whole time', async () => {
    const ids = await deployAll()
    harness.clock.now += 48 * hourMs
    await fail(ids[0])
    expect(await statuses(ids)).toEqual(['failed', 'armed', 'armed', 'queued'])
    const released = (await readState()).deployments.find(({ deploymentId }) => deploymentId === ids[2])
    expect(released?.armedUntil).toBe(harness.clock.now + 24 * hourMs)
    expect(decodeJwt(released?.order ?? '').exp).toBe(Math.ceil((harness.clock.now + 48 * hourMs) / 1000))
    const view = (await harness.call('GET', `/api/v1/deployments/${ids[2]}`)).body
    expect(view.timeline).toMatchObject([{ stage: 'powering', startedAt: harness.clock.now }])
  })

  it('lets nobody overtake, and lets who waits leave at once', async () => {
    const ids = await deployAll()
    expect((await abort(ids[2])).status).toBe(200)
    expect(await statuses(ids)).toEqual(['armed', 'armed', 'aborted', 'queued'])
    // An abort of one that is armed is the site's to confirm: its place is taken until then.
    expect((await abort(ids[1])).status).toBe(202)
    expect(await statuses(ids)).toEqual(['armed', 'armed', 'aborted', 'queued'])
    await given.teller.tell({ type: 'deployment.aborted', deploymentId: ids[1] ?? '', stage: 'powering' })
    expect(await statuses(ids)).toEqual(['armed', 'aborted', 'aborted', 'armed'])
  })

  it('moves when the site allows more, and when a server comes back that stopped at the wrong moment', async () => {
    const ids = await deployAll()
    await atOnce(3)
    expect(await statuses(ids)).toEqual(['armed', 'armed', 'armed', 'queued'])
    await harness.deps.db.run(`update sites set deployments_at_once = 4`)
    await releaseQueues(harness.deps)
    expect(await statuses(ids)).toEqual(['armed', 'armed', 'armed', 'armed'])
  })

  it('never holds more than the budget, whoever asks at the same time', async () => {
    await Promise.all(
      machineIds.map((machineId, index) =>
        harness.call('POST', '/api/v1/deployments', {
          ...given.request,
          machineId,
          hostname: `web-${index}`,
        }),
      ),
    )
    await Promise.all([releaseQueues(harness.deps), releaseQueues(harness.deps)])
    expect((await readState()).deployments).toHaveLength(2)
  })

  it('loses a machine that is locked at once, and goes on with the next', async () => {
    const ids = await deployAll()
    await harness.call('POST', `/api/v1/machines/${machineIds[2]}/lock`, {})
    expect(await statuses(ids)).toEqual(['armed', 'armed', 'failed', 'queued'])
    const refused = (await harness.call('GET', `/api/v1/deployments/${ids[2]}`)).body
    expect(refused.failure).toMatchObject({
      reason: 'machine-locked',
      message: 'Ada locked it before its turn came.',
    })
    await fail(ids[0])
    expect(await statuses(ids)).toEqual(['failed', 'armed', 'failed', 'armed'])
  })

  it('is emptied when reimaging is switched off: nothing begins by surprise later', async () => {
    const ids = await deployAll()
    const flip = (position: string) =>
      harness.call('PUT', '/api/v1/safety/switches', { siteId: null, control: 'reimage', position })
    await flip('off')
    expect(await statuses(ids)).toEqual(['armed', 'armed', 'failed', 'failed'])
    await flip('on')
    await fail(ids[0])
    expect(await statuses(ids)).toEqual(['failed', 'armed', 'failed', 'failed'])
    const refused = (await harness.call('GET', `/api/v1/deployments/${ids[3]}`)).body
    expect(refused.failure).toMatchObject({ reason: 'reimage-off' })
  })
})
