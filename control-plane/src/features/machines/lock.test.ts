import { describe, expect, it } from 'vitest'
import { createDeployable, createHarness, openTunnel } from '../../testing/harness.ts'

const reason = 'Holds the only copy of the photographs.'

async function createLockable() {
  const harness = await createHarness()
  await harness.signIn()
  const deployable = await createDeployable(harness)
  const path = `/api/v1/machines/${deployable.machineId}`
  const lock = (body: object = { reason }) => harness.call('POST', `${path}/lock`, body)
  const state = async () => {
    const token = await deployable.edge.token()
    return (await harness.call('GET', '/api/edge/v1/state', undefined, { authorization: `Bearer ${token}` }))
      .body
  }
  return { harness, ...deployable, path, lock, state }
}

describe('a lock on a machine', () => {
  it('says who locked it, when and why, and is gone with the unlocking', async () => {
    const { harness, path, lock } = await createLockable()
    const locked = await lock()
    expect(locked).toMatchObject({
      status: 200,
      body: { locked: true, lockedBy: 'Ada', lockReason: reason, lockedAt: harness.clock.now },
    })
    expect((await lock()).body.code).toBe('machine-locked')
    const unlocked = await harness.call('POST', `${path}/unlock`)
    expect(unlocked).toMatchObject({
      status: 200,
      body: { locked: false, lockedBy: null, lockReason: null, lockedAt: null, lockConfirmed: false },
    })
    expect((await harness.call('POST', `${path}/unlock`)).body.code).toBe('machine-not-locked')
  })

  it('refuses deploying and deleting, and lets an abort pass', async () => {
    const { harness, path, lock, request } = await createLockable()
    const { deploymentId } = (await harness.call('POST', '/api/v1/deployments', request)).body
    await lock({})
    expect((await harness.call('POST', `/api/v1/deployments/${deploymentId}/abort`)).status).toBe(202)
    expect((await harness.call('POST', '/api/v1/deployments', request)).status).toBe(409)
    expect((await harness.call('DELETE', path)).status).toBe(409)
    expect((await harness.call('GET', path)).body.lockReason).toBeNull()
  })

  it('is in the site’s state, and counts as confirmed when every edge has applied it', async () => {
    const { harness, edge, siteId, path, lock, state, teller } = await createLockable()
    const other = await harness.enrol(siteId)
    expect((await lock()).body.lockConfirmed).toBe(false)
    const { version, machines } = await state()
    expect(machines).toMatchObject([{ locked: true }])
    const generation = harness.deps.identity.generation
    const applied = async (tunnel: typeof teller.tunnel, at: number) => {
      tunnel.send({ type: 'state-applied', generation, version: at })
      tunnel.send({ type: 'ping' })
      await tunnel.next('pong')
      return (await harness.call('GET', path)).body.lockConfirmed
    }
    expect(await applied(teller.tunnel, version - 1)).toBe(false)
    expect(await applied(teller.tunnel, version)).toBe(false)
    const tunnel = await openTunnel(harness, other, { journalId: 'journal-2' })
    await tunnel.next('welcome')
    harness.live.length = 0
    expect(await applied(tunnel, version)).toBe(true)
    expect(harness.live).toContainEqual(expect.objectContaining({ entity: 'machine' }))
    // What comes later does not take the confirmation back.
    await harness.call('PATCH', `/api/v1/sites/${edge.siteId}`, { name: 'Cellar' })
    expect((await harness.call('GET', path)).body.lockConfirmed).toBe(true)
  })

  it('is confirmed at once where no edge could act', async () => {
    const harness = await createHarness()
    await harness.signIn()
    const siteId = await harness.createSite()
    const { machineId } = (
      await harness.call('POST', '/api/v1/machines', { siteId, mac: '52:54:00:00:00:07' })
    ).body
    const answer = await harness.call('POST', `/api/v1/machines/${machineId}/lock`, {})
    expect(answer.body).toMatchObject({ locked: true, lockConfirmed: true })
  })

  it('is an administrator’s to set and to take away', async () => {
    const { harness, path, lock } = await createLockable()
    await lock()
    await harness.signInAs('user')
    expect((await harness.call('POST', `${path}/unlock`)).status).toBe(403)
    expect((await lock()).status).toBe(403)
  })
})
