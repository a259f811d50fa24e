import { type BmcAction, type BmcOrder, bmcOrderType } from '@dragonfly/schema/wire'
import { describe, expect, test } from 'vitest'
import { controlPlaneId, createSigner, makeMachine, siteId } from '../../../test/site.ts'
import { type BmcOrderCheck, decideBmcOrder } from '../../protocol/bmc-order.ts'
import { verifySignature } from '../signing.ts'

const signer = createSigner('k1')
const nowSeconds = 1_800_000_000
const off: BmcAction = { action: 'power', operation: 'off' }

const claims: BmcOrder = {
  iss: controlPlaneId,
  aud: siteId,
  jti: 'command-1',
  iat: nowSeconds,
  exp: nowSeconds + 600,
  machineId: 'machine-1',
  bmcAddress: '10.0.0.17',
  what: off,
  safety: 'safe',
}

async function check(
  order: Partial<BmcOrder> = {},
  changes: Partial<BmcOrderCheck> = {},
  type: string = bmcOrderType,
  by = signer,
) {
  const verdict = await decideBmcOrder(
    {
      jws: await by.sign({ ...claims, ...order }, type),
      orderId: 'command-1',
      what: off,
      machineId: 'machine-1',
      bmcAddress: '10.0.0.17',
      machine: makeMachine(),
      site: { siteId, controlPlaneId, minimumSafety: 'safe', powerControl: 'on', reimage: 'on' },
      signerKeys: [signer.key],
      nowSeconds,
      ...changes,
    },
    verifySignature,
  )
  return verdict.kind === 'refused' ? verdict.reason : verdict.kind
}

const site = { siteId, controlPlaneId, minimumSafety: 'safe', powerControl: 'on', reimage: 'on' } as const
const on: BmcAction = { action: 'power', operation: 'on' }
const netboot: BmcAction = { action: 'netboot', uefi: null }

describe('an order to a BMC', () => {
  test('is accepted as it was signed', async () => expect(await check()).toBe('accepted'))

  test.each<[string, Partial<BmcOrder>, Partial<BmcOrderCheck>]>([
    ['wrong-site', { aud: 'elsewhere' }, {}],
    ['wrong-site', { iss: 'elsewhere' }, {}],
    ['wrong-machine', { machineId: 'machine-2' }, {}],
    ['wrong-machine', {}, { bmcAddress: '10.0.0.99' }],
    ['wrong-machine', {}, { bmcAddress: null }],
    ['order-altered', {}, { what: on }],
    ['order-altered', {}, { orderId: 'command-2' }],
    ['expired', { exp: nowSeconds - 121 }, {}],
    ['not-yet-valid', { iat: nowSeconds + 121 }, {}],
    ['machine-locked', {}, { machine: makeMachine({ locked: true }) }],
    ['safety-too-low', { safety: 'power' }, {}],
    ['power-control-off', {}, { site: { ...site, powerControl: 'off' } }],
    ['reimage-off', { what: netboot }, { what: netboot, site: { ...site, reimage: 'off' } }],
    ['malformed', { what: { action: 'explode' } as never }, {}],
  ])('is refused as %s', async (reason, order, changes) => expect(await check(order, changes)).toBe(reason))

  test('to switch on needs no confirmation', async () =>
    expect(await check({ what: on, safety: 'power' }, { what: on })).toBe('accepted'))

  test('of another type, or by another key, is none', async () => {
    expect(await check({}, {}, 'dragonfly-work-order+jwt')).toBe('malformed')
    expect(await check({}, {}, bmcOrderType, createSigner('k1'))).toBe('bad-signature')
    expect(await check({}, {}, bmcOrderType, createSigner('k2'))).toBe('unknown-signer')
  })
})
