import {
  type BmcOrder,
  bmcOrderType,
  type Plan,
  type SiteBmc,
  type SiteDeployment,
  type SiteMachine,
  type SiteState,
  type WorkOrder,
} from '@dragonfly/schema/wire'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type EdgeUnderTest, loopback, startEdgeUnderTest, until } from '../../test/edge.ts'
import { createFakeBmc, type FakeBmc } from '../../test/fake-bmc.ts'
import {
  controlPlaneId,
  createSigner,
  makeDeployment,
  makeMachine,
  makePlan,
  type Signer,
  siteId,
} from '../../test/site.ts'
import { burnOrder } from './store/deployments.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let site: EdgeUnderTest
let bmc: FakeBmc

beforeEach(async () => {
  bmc = createFakeBmc()
  site = await startEdgeUnderTest({ drivers: [bmc.driver] })
})
afterEach(() => site.close())

const interfaces: SiteState['interfaces'] = [{ name: loopback.name, mode: 'proxy' }]

async function counted(name: string): Promise<number> {
  // It listens while an interface is served.
  const port = await until(() => site.edge.agentPort(), 'its port')
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const line = text.split('\n').find((entry) => entry.startsWith(`${name} `))
  return Number(line?.slice(name.length) ?? 0)
}

const refused = (order: string, reason: string) =>
  `dragonfly_edge_orders_refused_total{order="${order}",reason="${reason}"}`

test('work orders that are not for here and now are refused and counted, and the good one beside them waits', async () => {
  const { signer } = site.control
  const nowSeconds = Math.floor(Date.now() / 1000)
  const machines: SiteMachine[] = []
  const deployments: SiteDeployment[] = []
  const arm = async (
    change: { order?: Partial<WorkOrder>; by?: Signer; plan?: Plan } = {},
  ): Promise<SiteDeployment> => {
    const number = machines.length + 1
    const machine = makeMachine({
      machineId: `machine-${number}`,
      macs: [`52:54:00:00:00:0${number}`],
      smbiosUuid: `11111111-2222-4333-8444-00000000000${number}`,
    })
    const deploymentId = `deployment-${number}`
    const made = await makeDeployment(change.by ?? signer, machine, {
      order: { deploymentId, ...change.order },
      deployment: { deploymentId, ...(change.plan ? { plan: change.plan } : {}) },
    })
    machines.push(machine)
    deployments.push(made)
    return made
  }
  const other = makeMachine()
  const { machineId, macs, smbiosUuid, epoch } = other
  await arm()
  const reasons = {
    'deployment-2': 'expired',
    'deployment-3': 'already-used',
    'deployment-4': 'plan-altered',
    'deployment-5': 'wrong-machine',
    'deployment-6': 'wrong-site',
    'deployment-7': 'unknown-signer',
    'deployment-8': 'not-yet-valid',
  }
  await arm({ order: { exp: nowSeconds - 1 } })
  await arm({ order: { jti: 'used before' } })
  await arm({ plan: makePlan({ phonesHome: false }) })
  await arm({ order: { machine: { machineId, macs, smbiosUuid, epoch } } })
  await arm({ order: { aud: 'site-2' } })
  await arm({ by: createSigner('k2') })
  await arm({ order: { iat: nowSeconds + 3600, exp: nowSeconds + 7200 } })
  await burnOrder(
    site.database,
    { orderId: 'used before', deploymentId: 'deployment-0', machineId: 'machine-3', epoch: 1 },
    Date.now(),
  )
  site.control.setState({ interfaces, machines, deployments })
  for (const [deploymentId, reason] of Object.entries(reasons)) {
    const failed = await site.event('deployment.failed', (event) => event.deploymentId === deploymentId)
    expect(failed.reason, deploymentId).toBe(reason)
    expect(await counted(refused('deployment', reason))).toBeGreaterThan(0)
  }
  expect(site.edge.status().deployments).toEqual({ armed: 1, failed: 7 })
})

test('orders to a BMC that are expired, replayed, altered or another machine’s move nothing, and are counted', async () => {
  const { signer } = site.control
  const machine = makeMachine()
  const target: SiteBmc = {
    protocol: 'ipmi',
    address: '10.0.0.17',
    port: null,
    mac: null,
    credentials: null,
  }
  site.control.setState({ interfaces, machines: [{ ...machine, bmc: target }] })
  await until(() => site.edge.siteState()?.machines.length, 'its machine')
  const nowSeconds = Math.floor(Date.now() / 1000)
  const sign = (commandId: string, change: Partial<BmcOrder> = {}, by = signer) =>
    by.sign(
      {
        iss: controlPlaneId,
        aud: siteId,
        jti: commandId,
        iat: nowSeconds,
        exp: nowSeconds + 600,
        machineId: machine.machineId,
        bmcAddress: target.address,
        what: { action: 'power', operation: 'on' },
        safety: 'safe',
        ...change,
      } satisfies BmcOrder,
      bmcOrderType,
    )
  const ask = async (commandId: string, order: string) => {
    site.control.command({
      type: 'command',
      commandId,
      deadline: Date.now() + 600_000,
      command: {
        kind: 'bmc.control',
        machineId: machine.machineId,
        bmc: target,
        what: { action: 'power', operation: 'on' },
        order,
      },
    })
    return site.event('command.result', (event) => event.commandId === commandId)
  }
  const good = await sign('c1')
  const cases = [
    ['expired', await sign('c2', { exp: nowSeconds - 600 })],
    ['order-altered', good],
    ['order-altered', await sign('c4', { what: { action: 'power', operation: 'off' } })],
    ['wrong-machine', await sign('c5', { machineId: 'machine-2' })],
    ['wrong-site', await sign('c6', { aud: 'site-2' })],
    ['not-yet-valid', await sign('c7', { iat: nowSeconds + 3600 })],
    ['unknown-signer', await sign('c8', {}, createSigner('k2'))],
    ['bad-signature', `${(await sign('c9')).slice(0, -4)}AAAA`],
  ] as const
  for (const [index, [reason, order]] of cases.entries()) {
    const before = await counted(refused('bmc', reason))
    const result = await ask(`c${index + 2}`, order)
    expect(result).toMatchObject({ outcome: 'failed', reason })
    expect(await counted(refused('bmc', reason))).toBe(before + 1)
  }
  expect(bmc.log).not.toContain('set on')
  expect(await ask('c1', good)).toMatchObject({ outcome: 'done' })
  expect(bmc.log.filter((call) => call === 'set on')).toHaveLength(1)
})

test('frames that no control plane should send are counted, and the next ones are acted on', async () => {
  site.control.setState({ interfaces })
  await until(() => site.edge.status().tunnel.kind === 'connected', 'the tunnel')
  const bad = 'dragonfly_edge_bad_frames_total'
  for (const frame of ['{"type":"teleport"}', 'not JSON', Buffer.from([0, 1, 2])]) site.control.say(frame)
  await until(async () => (await counted(bad)) === 3, 'three of them')
  const { connections } = site.control
  site.control.say('a'.repeat(100 * 1024 * 1024))
  await until(() => site.control.connections > connections, 'the edge to come back')
  expect(await counted(bad)).toBe(4)
  site.control.setState({ interfaces, machines: [makeMachine()] })
  await until(() => site.edge.siteState()?.machines.length === 1, 'the state')
})
