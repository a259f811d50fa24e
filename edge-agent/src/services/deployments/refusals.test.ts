import type { SiteState } from '@dragonfly/schema/wire'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type EdgeUnderTest, loopback, startEdgeUnderTest, until } from '../../../test/edge.ts'
import { makeDeployment, makeMachine } from '../../../test/site.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let site: EdgeUnderTest
const machine = makeMachine()

beforeEach(async () => {
  site = await startEdgeUnderTest()
})
afterEach(() => site.close())

/** Arms a machine by an order that is good at that moment. */
async function arm(
  state: Partial<SiteState>,
  order: Parameters<typeof makeDeployment>[2] = {},
): Promise<void> {
  const deployment = await makeDeployment(site.control.signer, machine, order)
  const interfaces: SiteState['interfaces'] = [{ name: loopback.name, mode: 'proxy' }]
  site.control.setState({ interfaces, machines: [machine], deployments: [deployment], ...state })
  await until(() => Object.keys(site.edge.status().deployments).length > 0, 'the deployment')
}

describe('what is armed already', () => {
  test('is refused when reimaging is switched off', async () => {
    await arm({})
    site.control.setState({ powerControl: 'off' })
    site.control.setState({ reimage: 'off' })
    expect(await site.event('deployment.failed')).toMatchObject({ reason: 'reimage-off' })
  })

  test('is refused when its machine is locked', async () => {
    await arm({})
    site.control.setState({ machines: [{ ...machine, locked: true }] })
    expect(await site.event('deployment.failed')).toMatchObject({ reason: 'machine-locked' })
  })

  test('in power mode is refused when the site asks for safe mode', async () => {
    await arm({ minimumSafety: 'power' }, { order: { safety: 'power' } })
    site.control.setState({ minimumSafety: 'safe' })
    expect(await site.event('deployment.failed')).toMatchObject({ reason: 'safety-too-low' })
  })
})
