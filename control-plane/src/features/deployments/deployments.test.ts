import { deployments, machines } from '@dragonfly/schema/db'
import { planSchema, siteStateSchema, workOrderSchema, workOrderType } from '@dragonfly/schema/wire'
import { eq } from 'drizzle-orm'
import { compactVerify, importJWK } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  createDeployable,
  createHarness,
  createTeller,
  type Harness,
  inventory,
  type TestEdge,
} from '../../testing/harness.ts'
import { planDigest } from '../orders/plan-digest.ts'

let harness: Harness
let given: Awaited<ReturnType<typeof createDeployable>>
beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
  given = await createDeployable(harness)
})

const create = (change: object = {}) =>
  harness.call('POST', '/api/v1/deployments', { ...given.request, ...change })
const machineStatus = async () =>
  (await harness.call('GET', `/api/v1/machines/${given.machineId}`)).body.status
const read = async (deploymentId: string) =>
  (await harness.call('GET', `/api/v1/deployments/${deploymentId}`)).body

async function readState() {
  const headers = { authorization: `Bearer ${await given.edge.token()}` }
  return siteStateSchema.parse((await harness.call('GET', '/api/edge/v1/state', undefined, headers)).body)
}

describe('creating a deployment', () => {
  it('arms the machine, and gives the site a signed order for exactly this plan', async () => {
    const answer = await create()
    expect(answer).toMatchObject({
      status: 201,
      body: {
        status: 'armed',
        stage: 'powering',
        imageName: 'Debian 12',
        templateId: 'cloud-image',
        createdBy: 'Ada',
        armedUntil: harness.clock.now + 24 * 3_600_000,
        timeline: [{ stage: 'powering', attempt: 1 }],
      },
    })
    expect(await machineStatus()).toBe('armed')
    const state = await readState()
    const [deployment] = state.deployments
    if (!deployment) throw new Error('the site has no deployment')
    const [key] = state.signerKeys
    if (!key) throw new Error('no key')
    const { payload, protectedHeader } = await compactVerify(
      deployment.order,
      await importJWK(key.jwk, 'EdDSA'),
    )
    expect(protectedHeader).toMatchObject({ alg: 'EdDSA', kid: key.kid, typ: workOrderType })
    const order = workOrderSchema.parse(JSON.parse(new TextDecoder().decode(payload)))
    expect(order).toMatchObject({
      aud: given.siteId,
      deploymentId: answer.body.deploymentId,
      machine: { machineId: given.machineId, macs: ['52:54:00:00:00:01'], epoch: 1 },
      planDigest: await planDigest(deployment.plan),
    })
    expect(order.exp * 1000).toBeGreaterThan(deployment.armedUntil)
    expect(planSchema.parse(deployment.plan).actions.map((action) => action.action)).toEqual([
      'write-image',
      'write-seed',
      'restart',
    ])
    expect(state.machines).toMatchObject([{ epoch: 1 }])
  })

  it('is refused while another one is under way, also at the same moment', async () => {
    const answers = await Promise.all([create(), create()])
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
    expect(await create()).toMatchObject({
      status: 409,
      body: { code: 'machine-not-deployable', detail: 'A deployment is under way: abort it first.' },
    })
    expect(await harness.deps.db.select().from(deployments)).toHaveLength(1)
    const [machine] = await harness.deps.db.select().from(machines)
    expect(machine?.epoch).toBe(1)
  })

  it('is refused for a machine that is not adopted', async () => {
    const mac = '52:54:00:00:00:22'
    const hardware = inventory({ mac, uuid: null, serial: null })
    await given.teller.tell({
      type: 'machine.inventory',
      machineId: null,
      mac,
      address: null,
      inventory: hardware,
    })
    const { items } = (await harness.call('GET', '/api/v1/machines?status=discovered')).body
    expect(await create({ machineId: items[0].machineId })).toMatchObject({
      status: 409,
      body: { detail: 'Adopt it first.' },
    })
  })

  it('is refused while the image is not ready', async () => {
    const image = await harness.call('POST', '/api/v1/images', {
      name: 'Ubuntu',
      url: 'http://x/u.raw',
      checksum: 'd'.repeat(64),
    })
    const answer = await create({ imageId: image.body.imageId })
    expect(answer).toMatchObject({ status: 409, body: { code: 'image-not-ready' } })
    expect(answer.body.detail).toContain('Ubuntu is not ready')
  })

  it('is refused while no edge of the site has the image whole', async () => {
    await given.teller.tell({
      type: 'image.failed',
      imageId: given.request.imageId,
      attempt: 0,
      reason: 'checksum-mismatch',
      message: 'This edge’s copy of the image is damaged on its disk.',
    })
    const answer = await create()
    expect(answer).toMatchObject({ status: 409, body: { code: 'image-not-ready' } })
    expect(answer.body.detail).toMatch(
      /is not ready at this site: This edge’s copy .* damaged .* import again/,
    )
    await harness.call('POST', `/api/v1/images/${given.request.imageId}/retry`)
    expect(await create()).toMatchObject({ status: 201 })
  })

  it('is refused when no disk of a known machine fits the rule', async () => {
    const mac = '52:54:00:00:00:01'
    const small = inventory()
    small.disks = small.disks.map((disk) => ({ ...disk, sizeBytes: 1e9 }))
    const tell = (hardware: typeof small) =>
      given.teller.tell({
        type: 'machine.inventory',
        machineId: null,
        mac,
        address: null,
        inventory: hardware,
      })
    await tell(small)
    const tooSmall = await create()
    expect(tooSmall).toMatchObject({ status: 409, body: { code: 'disk-too-small' } })
    expect(tooSmall.body.detail).toContain('3.0 GB')
    await tell(inventory())
    expect(await create({ disk: { by: 'serial', serial: 'D-9' } })).toMatchObject({
      status: 409,
      body: { code: 'no-matching-disk' },
    })
    expect((await create({ disk: { by: 'serial', serial: 'D-1' } })).status).toBe(201)
  })

  it('says what is wrong with the input', async () => {
    expect((await create({ hostname: 'a b' })).body.errors[0].path).toBe('hostname')
    const privateKey = { sshKeys: ['-----BEGIN OPENSSH PRIVATE KEY-----'] }
    expect((await create(privateKey)).body.detail).toContain('private key')
    expect((await create({ networkConfig: 'ethernets: [' })).body.errors[0].path).toBe('networkConfig')
    expect((await create({ networkConfig: 'ethernets: {}' })).body.detail).toContain('version: 2')
    expect((await create({ imageId: 'gone' })).status).toBe(404)
    expect((await create({ templateId: 'gone' })).status).toBe(404)
    expect((await create({ machineId: 'gone' })).status).toBe(404)
  })

  it('notes in the log that another machine has the host name', async () => {
    await create()
    const mac = '52:54:00:00:00:33'
    const second = await harness.call('POST', '/api/v1/machines', { siteId: given.siteId, mac })
    expect((await create({ machineId: second.body.machineId })).status).toBe(201)
    const log = await harness.call('GET', `/api/v1/machines/${second.body.machineId}/log`)
    expect(log.body.lines).toMatchObject([
      { level: 'warning', text: expect.stringContaining('web-1.example.com') },
    ])
  })
})

describe('a deployment', () => {
  it('is followed stage by stage to the end', async () => {
    const { deploymentId } = (await create()).body
    const stage = (name: 'firmware' | 'kernel' | 'writing' | 'first-boot', attempt = 1) =>
      ({ type: 'deployment.stage', deploymentId, stage: name, attempt }) as const
    await given.teller.tell(stage('firmware'), stage('kernel'), stage('kernel'), stage('writing'))
    expect(await read(deploymentId)).toMatchObject({
      status: 'running',
      stage: 'writing',
      startedAt: harness.clock.now,
      timeline: [{ stage: 'powering' }, { stage: 'firmware' }, { stage: 'kernel' }, { stage: 'writing' }],
    })
    expect(await machineStatus()).toBe('deploying')
    const { tunnel } = given.teller
    const progress = { deploymentId, stage: 'writing', bytesDone: 7, bytesTotal: 10 }
    tunnel.send({ type: 'telemetry', deployments: [progress], images: [] } as never)
    tunnel.send({ type: 'ping' })
    await tunnel.next('pong')
    expect(harness.live).toContainEqual({ type: 'progress', machineId: given.machineId, ...progress })
    expect(await read(deploymentId)).toMatchObject({ bytesDone: 7 })
    await given.teller.tell(
      {
        type: 'deployment.retrying',
        deploymentId,
        stage: 'powering',
        attempt: 2,
        reason: 'x',
        message: 'Power cut.',
      },
      stage('writing', 2),
      { type: 'deployment.progress', deploymentId, bytesDone: 10, bytesTotal: 10, disk: 'sda (S1)' },
      stage('first-boot', 2),
      {
        type: 'deployment.deployed',
        deploymentId,
        confirmed: true,
        address: '10.0.0.50',
        sshHostKeys: ['ssh-ed25519 A'],
      },
    )
    expect(await read(deploymentId)).toMatchObject({
      status: 'deployed',
      stage: 'deployed',
      attempt: 2,
      chosenDisk: 'sda (S1)',
      address: '10.0.0.50',
      sshHostKeys: ['ssh-ed25519 A'],
      endedAt: harness.clock.now,
    })
    const machine = (await harness.call('GET', `/api/v1/machines/${given.machineId}`)).body
    expect(machine).toMatchObject({
      status: 'deployed',
      name: 'web-1.example.com',
      os: 'Debian 12',
      address: '10.0.0.50',
    })
    expect((await readState()).deployments).toEqual([])
    const [row] = await harness.deps.db
      .select()
      .from(deployments)
      .where(eq(deployments.deploymentId, deploymentId))
    expect(row?.workOrder).toBeNull()
  })

  it('that failed says why and what to do, and the machine can be deployed again', async () => {
    const { deploymentId } = (await create()).body
    await given.teller.tell(
      { type: 'deployment.stage', deploymentId, stage: 'writing', attempt: 1 },
      {
        type: 'deployment.failed',
        deploymentId,
        stage: 'writing',
        reason: 'disk-write-error',
        message: 'sda: EIO',
      },
      { type: 'deployment.stage', deploymentId, stage: 'configuring', attempt: 1 },
    )
    expect(await read(deploymentId)).toMatchObject({
      status: 'failed',
      stage: 'writing',
      failure: {
        reason: 'disk-write-error',
        message: 'sda: EIO',
        nextStep: expect.stringContaining('health'),
      },
    })
    expect(await machineStatus()).toBe('failed')
    expect((await create()).body).toMatchObject({ status: 'armed' })
    expect((await readState()).machines).toMatchObject([{ epoch: 2 }])
  })

  it('whose system reports in after it was given up is deployed after all', async () => {
    const { deploymentId } = (await create()).body
    await given.teller.tell(
      {
        type: 'deployment.failed',
        deploymentId,
        stage: 'first-boot',
        reason: 'os-silent',
        message: 'Silence.',
      },
      { type: 'deployment.deployed', deploymentId, confirmed: true, address: null, sshHostKeys: [] },
    )
    expect(await read(deploymentId)).toMatchObject({ status: 'deployed', failure: null })
  })

  it('is listed, newest first', async () => {
    const first = (await create()).body.deploymentId
    await given.teller.tell({ type: 'deployment.aborted', deploymentId: first, stage: 'powering' })
    harness.clock.now += 1000
    const second = (await create()).body.deploymentId
    const list = async (query: string) =>
      (await harness.call('GET', `/api/v1/deployments${query}`)).body.items.map(
        (item: { deploymentId: string }) => item.deploymentId,
      )
    expect(await list('')).toEqual([second, first])
    expect(await list('?status=aborted')).toEqual([first])
    expect(await list(`?machineId=${given.machineId}&limit=1`)).toEqual([second])
  })
})

describe('aborting', () => {
  const abort = (deploymentId: string) => harness.call('POST', `/api/v1/deployments/${deploymentId}/abort`)

  it('has to be confirmed by the site, even when its edge is away', async () => {
    const { deploymentId } = (await create()).body
    given.teller.tunnel.close()
    expect(await abort(deploymentId)).toMatchObject({
      status: 202,
      body: { status: 'armed', abortRequested: true },
    })
    expect(await abort(deploymentId)).toMatchObject({ status: 409, body: { code: 'abort-requested' } })
    expect((await readState()).deployments).toMatchObject([{ deploymentId, desired: 'abort' }])
    expect((await create()).status).toBe(409)
    expect((await harness.call('DELETE', `/api/v1/machines/${given.machineId}`)).status).toBe(409)
  })

  it('is over when the site says so', async () => {
    const { deploymentId } = (await create()).body
    await abort(deploymentId)
    expect(await given.teller.tunnel.next('state-changed')).toBeDefined()
    await given.teller.tell({ type: 'deployment.aborted', deploymentId, stage: 'powering' })
    expect(await read(deploymentId)).toMatchObject({ status: 'aborted', abortRequested: false })
    expect(await machineStatus()).toBe('ready')
    expect((await abort(deploymentId)).status).toBe(409)
  })

  it('is over at once when the site’s last edge is gone', async () => {
    const { deploymentId } = (await create()).body
    await abort(deploymentId)
    await harness.call('DELETE', `/api/v1/edges/${given.edge.edgeId}`)
    expect((await read(deploymentId)).status).toBe('aborted')
    const second = (await create()).body
    expect(await abort(second.deploymentId)).toMatchObject({ status: 200, body: { status: 'aborted' } })
  })
})

it('keeps an image that is being deployed', async () => {
  await create()
  expect(await harness.call('DELETE', `/api/v1/images/${given.imageId}`)).toMatchObject({
    status: 409,
    body: { code: 'image-in-use' },
  })
})

describe('with two edges on one LAN', () => {
  const stage = (deploymentId: string, name: 'firmware' | 'kernel' | 'writing') =>
    ({ type: 'deployment.stage', deploymentId, stage: name, attempt: 1 }) as const
  const listedAt = async (edge: TestEdge) => {
    const headers = { authorization: `Bearer ${await edge.token()}` }
    const { body } = await harness.call('GET', '/api/edge/v1/state', undefined, headers)
    return siteStateSchema.parse(body).deployments.map(({ deploymentId }) => deploymentId)
  }
  let deploymentId: string
  let other: TestEdge
  let otherTeller: Awaited<ReturnType<typeof createTeller>>
  beforeEach(async () => {
    other = await harness.enrol(given.siteId)
    otherTeller = await createTeller(harness, other)
    deploymentId = (await create()).body.deploymentId
  })

  it('the one that gave the kernel runs the deployment, and the other lets go of it', async () => {
    await given.teller.tell(stage(deploymentId, 'firmware'))
    await otherTeller.tell(stage(deploymentId, 'firmware'))
    expect(await listedAt(other)).toEqual([deploymentId])
    await given.teller.tell(stage(deploymentId, 'kernel'))
    expect(await listedAt(other)).toEqual([])
    expect(await listedAt(given.edge)).toEqual([deploymentId])
    await given.teller.tell(stage(deploymentId, 'writing'))
    const never = { stage: 'powering', reason: 'never-powered-on', message: 'It did not ask.' } as const
    await otherTeller.tell(
      { type: 'deployment.retrying', deploymentId, attempt: 2, ...never },
      { type: 'deployment.failed', deploymentId, ...never },
      { type: 'deployment.aborted', deploymentId, stage: 'powering' },
    )
    expect(await read(deploymentId)).toMatchObject({ status: 'running', stage: 'writing', attempt: 1 })
  })

  it('the installed system may report in at either', async () => {
    await given.teller.tell(stage(deploymentId, 'writing'))
    const report = { confirmed: true, address: '10.0.0.9', sshHostKeys: [] }
    await otherTeller.tell({ type: 'deployment.deployed', deploymentId, ...report })
    expect(await read(deploymentId)).toMatchObject({ status: 'deployed' })
  })

  it('the other takes over what a revoked edge was running', async () => {
    await given.teller.tell(stage(deploymentId, 'writing'))
    expect((await harness.call('DELETE', `/api/v1/edges/${given.edge.edgeId}`)).status).toBe(204)
    expect(await listedAt(other)).toEqual([deploymentId])
    await otherTeller.tell(stage(deploymentId, 'kernel'))
    expect(await read(deploymentId)).toMatchObject({ status: 'running', stage: 'kernel' })
  })
})
