import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Deps } from './deps.ts'
import { tendScans } from './features/bmc-scans/dispatch.ts'
import { tendCommands } from './features/commands/dispatch.ts'
import { createEdgeSweep } from './features/edges/sweep.ts'
import { createHarness, type Harness, openTunnel, type TestEdge, type TestTunnel } from './testing/harness.ts'

const away = () => Promise.reject(new Error('the object was reset'))

let harness: Harness
let siteId: string
let edge: TestEdge
let tunnel: TestTunnel
let mend: () => void

beforeEach(async () => {
  harness = await createHarness()
  await harness.signIn()
  siteId = await harness.createSite()
  edge = await harness.enrol(siteId)
  tunnel = await openTunnel(harness, edge, { commands: ['bmc.control', 'bmc.scan'], stateVersion: 1 })
  await tunnel.next('welcome')
})
afterEach(() => mend())

/** What holds the site's tunnels fails for a while, in one of its ways. */
function breakTunnels(change: Partial<Pick<Deps, 'announce' | 'tendCommandsAt'>>, more: object = {}): void {
  const { announce, tendCommandsAt } = harness.deps
  const connections = { ...harness.deps.connections }
  mend = () => Object.assign(harness.deps, { announce, tendCommandsAt, connections })
  const broken = { ...connections, ...more }
  Object.assign(harness.deps, change, { connections: broken })
}

const logged = () => harness.errors.filter((message) => message.includes('could not be told'))

describe('a change that is written succeeds though nobody could be told', () => {
  it('of the site’s new state, of which the sweep tells', async () => {
    breakTunnels({ announce: away })
    const answer = await harness.call('POST', '/api/v1/machines', { siteId, mac: '52:54:00:00:00:01' })
    expect(answer.status).toBe(201)
    expect(logged()).toHaveLength(1)
    mend()
    await createEdgeSweep(harness.deps)()
    expect((await tunnel.next('state-changed')).version).toBeGreaterThan(1)
  })

  it.each([
    ['who is there is not known', { ofSite: away }],
    ['it can’t be sent', { send: away }],
  ])('of a command, which is sent once, later: %s', async (_name, more) => {
    const { machineId } = (await harness.call('POST', '/api/v1/bmcs', { siteId, address: '10.0.0.17' })).body
    breakTunnels({}, more)
    const answer = await harness.call('POST', `/api/v1/machines/${machineId}/power-on`)
    expect(answer.status).toBe(202)
    mend()
    await tendCommands(harness.deps)
    await tendCommands(harness.deps)
    expect(await tunnel.next('command')).toMatchObject({ commandId: answer.body.commandId })
    expect(tunnel.received.filter(({ type }) => type === 'command')).toHaveLength(1)
  })

  it.each([
    ['who is there is not known', { ofSite: away }],
    ['it can’t be sent', { send: away }],
  ])('of a scan, and of its end: %s', async (_name, more) => {
    const path = `/api/v1/sites/${siteId}/bmc-scan`
    breakTunnels({}, more)
    expect((await harness.call('POST', path, { range: '10.0.0.0/28' })).status).toBe(202)
    mend()
    await tendScans(harness.deps)
    const { commandId } = await tunnel.next('command')
    breakTunnels({}, { send: away })
    expect((await harness.call('POST', `${path}/cancel`)).status).toBeLessThan(300)
    mend()
    await tendScans(harness.deps)
    expect(await tunnel.next('cancel-command')).toMatchObject({ commandId })
  })

  it('of an edge that is revoked, and of a site that is deleted', async () => {
    breakTunnels({ announce: away }, { disconnect: away })
    expect((await harness.call('DELETE', `/api/v1/edges/${edge.edgeId}`)).status).toBe(204)
    expect((await harness.call('DELETE', `/api/v1/sites/${siteId}`)).status).toBe(204)
    expect(logged().length).toBeGreaterThanOrEqual(3)
  })
})
