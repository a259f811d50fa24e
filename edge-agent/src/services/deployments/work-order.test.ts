import { type WorkOrder, workOrderRefusals, workOrderType } from '@dragonfly/schema/wire'
import { describe, expect, test } from 'vitest'
import {
  controlPlaneId,
  createSigner,
  makeDeployment,
  makeMachine,
  makeOrder,
  makePlan,
  siteId,
} from '../../../test/site.ts'
import { decideOrder, type OrderCheck } from '../../protocol/work-order.ts'
import { digestPlan, verifySignature } from '../signing.ts'

const signer = createSigner('k1')
const machine = makeMachine({ epoch: 7 })
const site = {
  siteId,
  controlPlaneId,
  minimumSafety: 'safe',
  powerControl: 'on',
  reimage: 'on',
} satisfies OrderCheck['site']
const nowSeconds = Math.floor(Date.now() / 1000)

async function check(
  order: Partial<WorkOrder> = {},
  changes: Partial<OrderCheck> = {},
): Promise<{ kind: string; reason?: string; retry?: boolean }> {
  const deployment = await makeDeployment(signer, machine, { order })
  return decideOrder(
    {
      deployment,
      machine,
      site,
      signerKeys: [signer.key],
      observed: { mac: '52:54:00:00:00:01', smbiosUuid: machine.smbiosUuid },
      findBurned: async () => null,
      newestEpoch: 6,
      nowSeconds,
      ...changes,
    },
    { verifySignature, digestPlan },
  )
}

const withOrder = async (order: string): Promise<Partial<OrderCheck>> => ({
  deployment: { ...(await makeDeployment(signer, machine)), order },
})

describe('an order is refused as', () => {
  const cases: Record<(typeof workOrderRefusals)[number], () => ReturnType<typeof check>> = {
    'bad-signature': async () => {
      const good = (await makeDeployment(signer, machine)).order
      const other = (await makeDeployment(createSigner('k1'), machine)).order
      const forged = [...good.split('.').slice(0, 2), other.split('.')[2]].join('.')
      return check({}, await withOrder(forged))
    },
    'unknown-signer': async () => {
      const stranger = createSigner('k2')
      return check({}, { deployment: await makeDeployment(stranger, machine) })
    },
    malformed: async () => check({}, await withOrder('not.a.jws')),
    expired: () => check({ exp: nowSeconds }),
    'not-yet-valid': () => check({ iat: nowSeconds + 121 }),
    'wrong-site': () => check({ aud: 'site-2' }),
    'wrong-machine': () => check({}, { observed: { mac: '52:54:00:00:00:99', smbiosUuid: null } }),
    'already-used': () =>
      check({}, { findBurned: async () => ({ deploymentId: 'other', machineId: machine.machineId }) }),
    'stale-epoch': () => check({}, { newestEpoch: 8 }),
    'plan-altered': async () => {
      const deployment = await makeDeployment(signer, machine)
      return check({}, { deployment: { ...deployment, plan: makePlan({ phonesHome: false }) } })
    },
    'machine-locked': () => check({}, { machine: { ...machine, locked: true } }),
    'safety-too-low': () => check({ safety: 'power' }),
    'reimage-off': () => check({}, { site: { ...site, reimage: 'off' } }),
  }
  test.each(workOrderRefusals)('%s', async (reason) => {
    expect(await cases[reason]()).toMatchObject({ kind: 'refused', reason })
  })

  test('malformed when it is a JWS of another type', async () => {
    const jws = await signer.sign(makeOrder(machine, makePlan()), 'JWT')
    expect(await check({}, await withOrder(jws))).toMatchObject({ reason: 'malformed' })
  })
  test('malformed when its claims are not those agreed', async () => {
    const jws = await signer.sign({ iss: controlPlaneId }, workOrderType)
    expect(await check({}, await withOrder(jws))).toMatchObject({ reason: 'malformed' })
  })
  test('wrong-site when another control plane signed it', async () => {
    expect(await check({ iss: 'control-2' })).toMatchObject({ reason: 'wrong-site' })
  })
  test('wrong-machine when the UUID seen is another', async () => {
    const observed = { mac: '52:54:00:00:00:01', smbiosUuid: '99999999-2222-4333-8444-555555555555' }
    expect(await check({}, { observed })).toMatchObject({ reason: 'wrong-machine' })
  })
  test('wrong-machine when it belongs to another deployment', async () => {
    const deployment = await makeDeployment(signer, machine)
    const check_ = check({}, { deployment: { ...deployment, deploymentId: 'deployment-2' } })
    expect(await check_).toMatchObject({ reason: 'wrong-machine' })
  })
  test('stale-epoch when the site has signed a newer one', async () => {
    const newer = { ...machine, epoch: 8 }
    expect(await check({}, { machine: newer })).toMatchObject({ reason: 'stale-epoch' })
  })
  test('plan-altered when the image is not the one signed', async () => {
    expect(await check({ imageManifestDigest: 'cd'.repeat(32) })).toMatchObject({ reason: 'plan-altered' })
  })
  test('already-used when it was burned for another machine', async () => {
    const findBurned = async () => ({ deploymentId: 'deployment-1', machineId: 'machine-2' })
    expect(await check({}, { findBurned })).toMatchObject({ reason: 'already-used' })
  })
})

test('an order given in power mode is good where the site does not ask for safe mode', async () => {
  const lenient: OrderCheck['site'] = { ...site, minimumSafety: 'power' }
  expect(await check({ safety: 'power' }, { site: lenient })).toMatchObject({ kind: 'accepted' })
})

test('reimaging goes on where only power control is switched off', async () => {
  const unpowered: OrderCheck['site'] = { ...site, powerControl: 'off' }
  expect(await check({}, { site: unpowered })).toMatchObject({ kind: 'accepted' })
})

test('another try is refused, too, when reimaging was switched off or the machine locked meanwhile', async () => {
  const findBurned = async () => ({ deploymentId: 'deployment-1', machineId: machine.machineId })
  const again = { findBurned, newestEpoch: 7 }
  expect(await check({}, { ...again, site: { ...site, reimage: 'off' } })).toMatchObject({
    reason: 'reimage-off',
  })
  expect(await check({}, { ...again, machine: { ...machine, locked: true } })).toMatchObject({
    reason: 'machine-locked',
  })
})

test('a good order is accepted', async () => {
  expect(await check()).toMatchObject({ kind: 'accepted', retry: false })
})

test('another try of the same deployment may use its order again, past its expiry too', async () => {
  const findBurned = async () => ({ deploymentId: 'deployment-1', machineId: machine.machineId })
  expect(await check({ exp: nowSeconds - 10 }, { findBurned, newestEpoch: 7 })).toMatchObject({
    kind: 'accepted',
    retry: true,
  })
})

describe('an order for a machine that only its BMC has told of', () => {
  const told = '00112233-4455-6677-8899-aabbccddeeff'
  const shown = (smbiosUuid: string | null) =>
    check(
      { machine: { machineId: machine.machineId, macs: [], smbiosUuid: told, epoch: 7 } },
      { observed: { mac: '52:54:00:00:00:99', smbiosUuid } },
    )

  test('goes by its UUID, in whichever order its BMC sent the bytes', async () => {
    expect(await shown(told)).toMatchObject({ kind: 'accepted' })
    expect(await shown('33221100-5544-7766-8899-aabbccddeeff')).toMatchObject({ kind: 'accepted' })
  })

  test('is refused to a machine that shows another UUID, or none', async () => {
    const other = '99999999-4455-6677-8899-aabbccddeeff'
    for (const uuid of [other, null])
      expect(await shown(uuid)).toMatchObject({ kind: 'refused', reason: 'wrong-machine' })
  })
})
