import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleFileNames, type Plan, type SiteState } from '@dragonfly/schema/wire'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type EdgeUnderTest, loopback, startEdgeUnderTest, until } from '../../../test/edge.ts'
import { connectRamdisk, makeInventory, mintToken, type TestRamdisk } from '../../../test/ramdisk.ts'
import { makeDeployment, makeMachine, makePlan } from '../../../test/site.ts'

// Processes are started, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let site: EdgeUnderTest
const interfaces: SiteState['interfaces'] = [{ name: loopback.name, mode: 'proxy' }]
const machine = makeMachine()
const [mac = ''] = machine.macs
/** Without an image: the edge under test holds none. */
const plan: Plan = makePlan({ actions: makePlan().actions.slice(1) })

beforeEach(async () => {
  site = await startEdgeUnderTest()
})
afterEach(() => site.close())

async function arm(changes: Parameters<typeof makeDeployment>[2] = {}, who = machine): Promise<void> {
  const deployment = await makeDeployment(site.control.signer, who, { plan, ...changes })
  site.control.setState({ interfaces, machines: [who], deployments: [deployment] })
  const taken = () => Object.keys(site.edge.status().deployments).length > 0
  await until(taken, 'the deployment')
}

async function boot(options: { inventory?: boolean } = {}): Promise<TestRamdisk> {
  const ramdisk = await connectRamdisk(site, { mac, token: await mintToken(site, mac) })
  await ramdisk.frame('welcome')
  if (options.inventory !== false)
    ramdisk.send({ type: 'inventory', inventory: makeInventory(mac, machine.smbiosUuid) })
  return ramdisk
}

const netboot = () =>
  site.edge.handleBootEvent({
    kind: 'dhcp',
    atMs: 0,
    mac,
    architectures: [7],
    isIpxe: false,
    answer: { kind: 'answered' },
  })
const script = (decision: 'ramdisk' | 'local') =>
  site.edge.handleBootEvent({ kind: 'script', atMs: 0, mac, address: '127.0.0.1', decision })
const view = async (): Promise<string> =>
  readFile(join(site.dataDir, 'boot-view.json'), 'utf8').catch(() => '')

test('an armed machine is booted into the ramdisk with a token that its link accepts', async () => {
  const files = Object.fromEntries(bundleFileNames.map((name) => [name, Buffer.from(`the ${name}`)]))
  const bundleVersion = await site.control.setBundle(files)
  site.control.setState({ bundleVersion })
  await site.event('bundle.ready')
  await arm()
  const scriptUrl = `http://127.0.0.1:${site.bootHttp}/ipxe/${mac.replaceAll(':', '-')}`
  const text = await until(async () => {
    const response = await fetch(scriptUrl).catch(() => null)
    const script_ = (await response?.text()) ?? ''
    return script_.includes('dragonfly.token=') && script_
  }, 'the script')
  expect(await site.event('deployment.stage', (event) => event.stage === 'bootloader')).toBeDefined()
  const kernel = await fetch(`http://127.0.0.1:${site.bootHttp}/boot/vmlinuz?mac=${mac.replaceAll(':', '-')}`)
  expect(await kernel.text()).toBe('the vmlinuz')
  expect(await site.event('deployment.stage', (event) => event.stage === 'kernel')).toBeDefined()
  const token = /dragonfly\.token=(\S+)/.exec(text)?.[1] ?? null
  const ramdisk = await connectRamdisk(site, { mac, token })
  ramdisk.send({ type: 'inventory', inventory: makeInventory(mac, machine.smbiosUuid) })
  await ramdisk.frame('order')
})

describe('a boot token', () => {
  beforeEach(async () => {
    site.control.setState({ interfaces })
  })

  test('is refused when it is forged, for another machine, expired, or used from a live link', async () => {
    const good = await mintToken(site, mac)
    const refusals: [string | null, string, string][] = [
      [`${good.slice(0, -4)}AAAA`, mac, 'token-wrong-signature'],
      [good, '52:54:00:00:00:99', 'token-for-another'],
      [await mintToken(site, mac, -1), mac, 'token-expired'],
      [null, mac, 'no-token'],
    ]
    for (const [token, from, reason] of refusals) {
      const ramdisk = await connectRamdisk(site, { mac: from, token })
      expect(await ramdisk.frame('refused')).toMatchObject({ reason })
      await until(() => ramdisk.closed(), 'the end of the link')
    }
    const first = await connectRamdisk(site, { mac, token: good })
    await first.frame('welcome')
    const second = await connectRamdisk(site, { mac, token: good })
    expect(await second.frame('refused')).toMatchObject({ reason: 'token-used' })
  })

  test('opens a session that the same boot may come back to', async () => {
    const first = await connectRamdisk(site, { mac, token: await mintToken(site, mac) })
    const { session } = await first.frame('welcome')
    first.close()
    await site.event('machine.ramdisk', (event) => !event.connected)
    const again = await connectRamdisk(site, { mac, session })
    expect(await again.frame('welcome')).toMatchObject({ session })
  })

  test('does not help who says something else first', async () => {
    const ramdisk = await connectRamdisk(site, { mac, token: 'x' })
    ramdisk.send({ type: 'ping' })
    await until(() => ramdisk.closed(), 'the end of the link')
  })
})

describe('an unknown machine', () => {
  test('is discovered, left to its own disk, and gets its order as soon as it is adopted and armed', async () => {
    site.control.setState({ interfaces })
    const ramdisk = await boot()
    expect(await site.event('machine.inventory')).toMatchObject({ machineId: null, mac })
    await until(async () => (await view()).includes(`"discoveredMacs":["${mac}"]`), 'the discovered MAC')
    await arm()
    expect(await ramdisk.frame('order')).toMatchObject({ deploymentId: 'deployment-1', epoch: 1 })
  })

  test('that was known and removed is discovered afresh', async () => {
    site.control.setState({ interfaces })
    const ramdisk = await boot()
    await site.event('machine.inventory')
    ramdisk.close()
    site.control.setState({ machines: [machine] })
    await until(async () => (await view()).includes('machine-1'), 'the machine')
    site.control.setState({ machines: [] })
    await until(async () => (await view()).includes('"discoveredMacs":[]'), 'the MAC to be forgotten')
  })

  test('is restarted to its own disk when nobody has anything for it', async () => {
    site.control.setState({ interfaces })
    const ramdisk = await boot()
    await site.event('machine.inventory')
    site.clock.aheadMs += 14 * 60_000
    await site.edge.tick()
    expect(ramdisk.received.map((frame) => frame.type)).toEqual(['welcome'])
    site.clock.aheadMs += 60_001
    await site.edge.tick()
    await ramdisk.frame('restart')
  })
})

describe('a deployment', () => {
  test('goes from netboot to the installed OS’s report', async () => {
    await arm()
    await netboot()
    await script('ramdisk')
    const ramdisk = await boot()
    const order = await ramdisk.frame('order')
    const seed = order.plan.actions.find((action) => action.action === 'write-seed')
    const url = /http:\S+/.exec(seed?.userData ?? '')?.[0] ?? ''
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/phone-home\/deployment-1\/[\w-]{43}$/)
    expect(order.imageServers[0]).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    const { orderId } = order
    ramdisk.send({ type: 'stage', orderId, stage: 'writing', disk: null })
    ramdisk.send({ type: 'progress', orderId, bytesDone: 10, bytesTotal: 100 })
    ramdisk.send({ type: 'log', lines: [{ at: 1, level: 'info', text: 'written' }] })
    ramdisk.send({ type: 'stage', orderId, stage: 'configuring', disk: null })
    ramdisk.send({ type: 'result', orderId, outcome: 'done' })
    await ramdisk.frame('restart')
    // Local boot was arranged before the machine was told to restart.
    expect(site.edge.status().deployments).toEqual({ running: 1 })
    await until(async () => (await view()).includes('"boot":"local"'), 'local boot')
    ramdisk.send({ type: 'result', orderId, outcome: 'done' })
    await ramdisk.frame('restart', 2)
    ramdisk.close()
    await script('local')
    expect((await fetch(`${url}x`, { method: 'POST' })).status).toBe(404)
    const body = 'pub_key_ed25519=ssh-ed25519+AAAAC3Nz+root%40n1&hostname=n1'
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await fetch(url, { method: 'POST', body, headers })).status).toBe(200)
    expect(await site.event('deployment.deployed')).toMatchObject({
      confirmed: true,
      address: '127.0.0.1',
      sshHostKeys: ['ssh-ed25519 AAAAC3Nz root@n1'],
    })
    const stages = site.control.entries.flatMap(({ event }) =>
      event.type === 'deployment.stage' ? [event.stage] : [],
    )
    expect(stages).toEqual([
      'firmware',
      'bootloader',
      'ramdisk',
      'writing',
      'configuring',
      'restarting',
      'first-boot',
    ])
    expect(await site.event('log')).toMatchObject({ machineId: 'machine-1', deploymentId: 'deployment-1' })
  })

  test('goes on after the edge was restarted in the middle of it', async () => {
    await arm()
    await netboot()
    const before = await boot()
    const { orderId } = await before.frame('order')
    before.send({ type: 'stage', orderId, stage: 'writing', disk: null })
    await site.event('deployment.stage', (event) => event.stage === 'writing')
    const { session } = before
    await site.restart()
    const after = await connectRamdisk(site, { mac, session, orderId })
    after.send({ type: 'inventory', inventory: makeInventory(mac, machine.smbiosUuid) })
    after.send({ type: 'result', orderId, outcome: 'done' })
    await after.frame('restart')
    expect(after.received.map((frame) => frame.type)).toEqual(['welcome', 'restart'])
    expect(await site.event('deployment.stage', (event) => event.stage === 'restarting')).toMatchObject({
      attempt: 1,
    })
  })

  test('is tried again after a power cut with the same order, and no more than three times', async () => {
    await arm()
    for (let attempt = 1; attempt <= 3; attempt++) {
      await netboot()
      const ramdisk = await boot()
      const { orderId } = await ramdisk.frame('order')
      ramdisk.send({ type: 'stage', orderId, stage: 'writing', disk: null })
      await site.event('deployment.stage', (event) => event.stage === 'writing' && event.attempt === attempt)
      ramdisk.close()
    }
    await netboot()
    expect(await site.event('deployment.failed')).toMatchObject({
      stage: 'writing',
      reason: 'writing-stalled',
    })
    expect(site.control.entries.filter(({ event }) => event.type === 'deployment.retrying')).toHaveLength(2)
    const last = await boot()
    await last.frame('welcome')
    expect(last.received.some((frame) => frame.type === 'order')).toBe(false)
  })

  test('whose ramdisk fails is told the reason, and the ramdisk that it was heard', async () => {
    await arm()
    const ramdisk = await boot()
    const { orderId } = await ramdisk.frame('order')
    const message = 'No disk is an SSD.'
    ramdisk.send({ type: 'failed', orderId, reason: 'no-matching-disk', message, chunk: null })
    expect(await ramdisk.frame('result-taken')).toEqual({ type: 'result-taken', orderId })
    expect(await site.event('deployment.failed')).toMatchObject({ reason: 'no-matching-disk', message })
  })

  test('after one that failed starts with another boot: a boot takes one order', async () => {
    await arm()
    const ramdisk = await boot()
    const { orderId } = await ramdisk.frame('order')
    ramdisk.send({ type: 'failed', orderId, reason: 'internal', message: 'It broke.', chunk: null })
    await ramdisk.frame('result-taken')
    const newer = { ...machine, epoch: 2 }
    await arm({ order: { deploymentId: 'deployment-2' } }, newer)
    await ramdisk.frame('restart')
    ramdisk.close()
    const next = await boot()
    expect(await next.frame('order')).toMatchObject({ deploymentId: 'deployment-2', epoch: 2 })
    expect(ramdisk.received.filter((frame) => frame.type === 'order')).toHaveLength(1)
  })

  test('that is aborted while it writes stops the ramdisk, then restarts it', async () => {
    await arm()
    const ramdisk = await boot()
    const { orderId } = await ramdisk.frame('order')
    ramdisk.send({ type: 'stage', orderId, stage: 'writing', disk: null })
    await site.event('deployment.stage', (event) => event.stage === 'writing')
    const deployment = await makeDeployment(site.control.signer, machine, {
      plan,
      deployment: { desired: 'abort' },
    })
    site.control.setState({ deployments: [deployment] })
    expect(await ramdisk.frame('abort')).toEqual({ type: 'abort', orderId })
    ramdisk.send({ type: 'failed', orderId, reason: 'aborted', message: 'Aborted.', chunk: null })
    await ramdisk.frame('restart')
    expect(await site.event('deployment.aborted')).toMatchObject({ stage: 'writing' })
  })

  test('that is aborted before it began is acknowledged at once', async () => {
    await arm()
    const deployment = await makeDeployment(site.control.signer, machine, {
      plan,
      deployment: { desired: 'abort' },
    })
    site.control.setState({ deployments: [deployment] })
    expect(await site.event('deployment.aborted')).toMatchObject({ stage: 'powering' })
  })

  test('that is aborted while its ramdisk is starting sends the machine back to its own disk', async () => {
    await arm()
    await netboot()
    const deployment = await makeDeployment(site.control.signer, machine, {
      plan,
      deployment: { desired: 'abort' },
    })
    site.control.setState({ deployments: [deployment] })
    await site.event('deployment.aborted')
    const ramdisk = await boot()
    await ramdisk.frame('restart')
    expect(ramdisk.received.some((frame) => frame.type === 'order')).toBe(false)
  })

  test('with an order that is not good fails before any machine is booted for it', async () => {
    const deployment = await makeDeployment(site.control.signer, machine, { plan, order: { aud: 'site-9' } })
    site.control.setState({ interfaces, machines: [machine], deployments: [deployment] })
    expect(await site.event('deployment.failed')).toMatchObject({ stage: 'powering', reason: 'wrong-site' })
  })

  test('is refused by a machine that is not the one it was signed for', async () => {
    await arm()
    const ramdisk = await boot({ inventory: false })
    const other = '99999999-2222-4333-8444-555555555555'
    ramdisk.send({ type: 'inventory', inventory: makeInventory(mac, other) })
    expect(await site.event('deployment.failed')).toMatchObject({ stage: 'ramdisk', reason: 'wrong-machine' })
    expect(ramdisk.received.some((frame) => frame.type === 'order')).toBe(false)
  })

  test('whose image this edge does not hold is not begun', async () => {
    await arm({ plan: makePlan() })
    await boot()
    expect(await site.event('deployment.failed')).toMatchObject({ reason: 'chunk-missing' })
  })

  test('that another edge of this LAN runs is let go, and taken up again when it comes back', async () => {
    await arm()
    await netboot()
    await site.event('deployment.stage')
    site.control.setState({ deployments: [] })
    await until(() => Object.keys(site.edge.status().deployments).length === 0, 'it to be gone')
    await arm()
    expect(site.edge.status().deployments).toEqual({ armed: 1 })
    expect(site.control.entries.some(({ event }) => event.type === 'deployment.aborted')).toBe(false)
  })

  test('that the site takes back before it began is dropped without a word', async () => {
    await arm()
    site.control.setState({ deployments: [] })
    await until(() => Object.keys(site.edge.status().deployments).length === 0, 'it to be gone')
    expect(site.control.entries.some(({ event }) => event.type === 'deployment.aborted')).toBe(false)
  })
})
