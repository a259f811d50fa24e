import { expect, it } from 'vitest'
import { createHarness, openTunnel } from '../../testing/harness.ts'
import { announceSite, bumpSite } from '../sites/site-version.ts'
import { createEdgeSweep } from './sweep.ts'

it('tells an edge again of a state that it does not act on, and no longer when it does', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const siteId = await harness.createSite()
  const edge = await harness.enrol(siteId)
  const tunnel = await openTunnel(harness, edge, { stateVersion: 1 })
  await tunnel.next('welcome')
  const sweep = createEdgeSweep(harness.deps)
  // Committed, and its announcement lost.
  await bumpSite(harness.deps.db, siteId)
  await sweep()
  expect(await tunnel.next('state-changed')).toMatchObject({ version: 2 })
  const { generation } = harness.deps.identity
  tunnel.send({ type: 'state-applied', generation, version: 2 })
  tunnel.send({ type: 'ping' })
  await tunnel.next('pong')
  const before = tunnel.received.filter(({ type }) => type === 'state-changed').length
  await sweep()
  expect(tunnel.received.filter(({ type }) => type === 'state-changed')).toHaveLength(before)
})

it('an announcement that fails says so, and is logged', async () => {
  const harness = await createHarness()
  await harness.signIn()
  const siteId = await harness.createSite()
  const { deps } = harness
  const logged: unknown[] = []
  const connections = {
    ...deps.connections,
    sendToSite: () => Promise.reject(new Error('the database is away')),
  }
  const error: typeof deps.log.error = (_message, fields) => void logged.push(fields?.siteId)
  const log = { ...deps.log, error }
  expect(await announceSite({ ...deps, connections, log }, siteId)).toBe(false)
  expect(logged).toEqual([siteId])
  expect(await announceSite(deps, siteId)).toBe(true)
})
