import type { SiteEvent } from '@dragonfly/schema/wire'
import { edgeLostAfterMs } from '@dragonfly/schema/wire'
import { expect, it } from 'vitest'
import { createHarness, createTeller, type TestEdge } from '../../testing/harness.ts'
import { readSiteState } from '../edge-api/site-state.ts'
import { createEdgeSweep } from './sweep.ts'

async function createSite() {
  const harness = await createHarness()
  await harness.signIn()
  const siteId = await harness.createSite()
  const [first, second] = [await harness.enrol(siteId), await harness.enrol(siteId)]
  const { machineId } = (await harness.call('POST', '/api/v1/bmcs', { siteId, address: '10.0.0.17' })).body
  const stateOf = ({ edgeId }: TestEdge) => readSiteState(harness.deps, { edgeId, siteId })
  const look = async () => {
    const { version, machines } = await stateOf(first)
    return { version, pollBy: machines[0]?.pollBy }
  }
  const isOn: SiteEvent = { type: 'bmc.power', machineId, powerState: 'on', problem: null }
  const isSilent: SiteEvent = {
    type: 'bmc.power',
    machineId,
    powerState: 'unknown',
    problem: 'It does not answer.',
    attempts: [{ driver: 'ipmi', reason: 'timeout', message: 'It does not answer.' }],
  }
  return { harness, first, second, look, isOn, isSilent, sweep: createEdgeSweep(harness.deps) }
}

it('leaves a BMC to the edge that reached it, and both are told', async () => {
  const { harness, first, second, look, isOn } = await createSite()
  const [one, other] = [await createTeller(harness, first), await createTeller(harness, second)]
  const before = await look()
  expect(before.pollBy).toBeUndefined()
  await one.tell(isOn)
  const after = await look()
  expect(after.pollBy).toBe(first.edgeId)
  expect(after.version).toBeGreaterThan(before.version)
  await other.tell(isOn)
  expect(await look()).toEqual(after)
})

it('gives it to another edge while that one is lost, and back', async () => {
  const { harness, first, second, look, isOn, sweep } = await createSite()
  const one = await createTeller(harness, first)
  await one.tell(isOn)
  await sweep()
  const before = await look()
  one.tunnel.close()
  harness.clock.now += edgeLostAfterMs + 1
  const other = await createTeller(harness, second)
  await sweep()
  const after = await look()
  expect([after.pollBy, after.version > before.version]).toEqual([second.edgeId, true])
  await createTeller(harness, first)
  await sweep()
  expect((await look()).pollBy).toBe(first.edgeId)
  other.tunnel.close()
})

it('has every edge try one that its edge does not reach any more; a refused password is tried nowhere else', async () => {
  const { harness, first, second, look, isOn, isSilent } = await createSite()
  const [one, other] = [await createTeller(harness, first), await createTeller(harness, second)]
  await one.tell(isOn)
  const refused = { ...isSilent, attempts: [{ driver: 'ipmi', reason: 'wrong-password', message: 'No.' }] }
  await one.tell(refused as SiteEvent)
  expect((await look()).pollBy).toBe(first.edgeId)
  await one.tell(isSilent)
  expect((await look()).pollBy).toBeUndefined()
  await other.tell(isOn)
  expect((await look()).pollBy).toBe(second.edgeId)
})
