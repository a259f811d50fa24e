import { randomUUID } from 'node:crypto'
import { type BmcAction, bmcOrderType, type Command, type ControlFrame } from '@dragonfly/schema/wire'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type EdgeUnderTest, startEdgeUnderTest, until } from '../../../test/edge.ts'
import { createFakeBmc, type FakeBmc } from '../../../test/fake-bmc.ts'
import { controlPlaneId, makeDeployment, makeMachine, makePlan, siteId } from '../../../test/site.ts'

// Processes are started, on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

const machine = makeMachine({
  bmc: { address: '10.0.0.17', port: null, protocol: 'auto', mac: null, credentials: null },
})
let bmc: FakeBmc
let site: EdgeUnderTest
beforeEach(async () => {
  bmc = createFakeBmc()
  site = await startEdgeUnderTest({ drivers: [bmc.driver] })
  site.control.setState({ machines: [machine] })
  await until(() => site.edge.status().state?.version === 2, 'the state')
})
afterEach(() => site.close())

const read: Command = {
  kind: 'bmc.read',
  machineId: machine.machineId,
  bmc: machine.bmc ?? null,
  what: 'power',
}
type CommandFrame = Extract<ControlFrame, { type: 'command' }>
const frameOf = (command: Command, change: Partial<CommandFrame> = {}): CommandFrame => ({
  type: 'command',
  commandId: randomUUID(),
  deadline: Date.now() + 60_000,
  command,
  ...change,
})
const results = (commandId: string) =>
  site.control.entries.filter(({ event }) => event.type === 'command.result' && event.commandId === commandId)
const answered = async (commandId: string, times = 1) => {
  await until(() => results(commandId).length >= times, `${times} results`)
  return results(commandId).map(({ event }) => event)
}
async function control(what: BmcAction): Promise<CommandFrame> {
  const commandId = randomUUID()
  const nowSeconds = Math.floor(Date.now() / 1000)
  const order = await site.control.signer.sign(
    {
      iss: controlPlaneId,
      aud: siteId,
      jti: commandId,
      iat: nowSeconds,
      exp: nowSeconds + 600,
      machineId: machine.machineId,
      bmcAddress: '10.0.0.17',
      what,
      safety: 'safe',
    },
    bmcOrderType,
  )
  const { machineId } = machine
  return frameOf({ kind: 'bmc.control', machineId, bmc: machine.bmc ?? null, what, order }, { commandId })
}
const on: BmcAction = { action: 'power', operation: 'on' }

describe('a command', () => {
  test('is carried out once, however often it is sent, and each time answered', async () => {
    const frame = await control(on)
    site.control.command(frame)
    site.control.command(frame)
    await answered(frame.commandId)
    site.control.command(frame)
    const told = await answered(frame.commandId, 2)
    expect(new Set(told.map((event) => JSON.stringify(event))).size).toBe(1)
    expect(told[0]).toMatchObject({
      outcome: 'done',
      detail: { kind: 'power', powerState: 'on', driver: 'ipmi' },
    })
    expect(bmc.log.filter((call) => call === 'set on')).toHaveLength(1)
    expect(await site.event('bmc.power')).toMatchObject({ machineId: machine.machineId, powerState: 'on' })
  })

  test('is remembered over a restart', async () => {
    const frame = await control(on)
    site.control.command(frame)
    await answered(frame.commandId)
    await site.restart()
    bmc.state = 'off'
    await until(() => site.control.connections >= 2, 'the new connection')
    site.control.command(frame)
    await answered(frame.commandId, 2)
    expect(bmc.state).toBe('off')
  })

  test('that a restart interrupted is answered as such, and not begun again', async () => {
    let release = () => undefined as undefined
    const { open } = bmc.driver
    bmc.driver.open = async (target) => {
      await new Promise<void>((resolve) => {
        release = () => void resolve() as undefined
      })
      return open(target)
    }
    const frame = await control(on)
    site.control.command(frame)
    const taken = () => site.database.rows('SELECT * FROM commands')
    await until(async () => (await taken()).length === 1, 'the command on disk')
    bmc.driver.open = open
    await site.restart()
    expect(await answered(frame.commandId)).toMatchObject([{ outcome: 'failed', reason: 'interrupted' }])
    site.control.command(frame)
    await answered(frame.commandId, 2)
    expect(bmc.log).not.toContain('set on')
    release()
  })

  test('that comes too late is refused', async () => {
    const frame = frameOf(read, { deadline: Date.now() - 3600_000 })
    site.control.command(frame)
    expect(await answered(frame.commandId)).toMatchObject([{ outcome: 'failed', reason: 'expired' }])
    expect(bmc.log).toEqual([])
  })

  test('is answered by what the tunnel lost', async () => {
    site.control.acknowledging = false
    const frame = frameOf(read)
    site.control.command(frame)
    await answered(frame.commandId)
    site.control.drop()
    site.control.acknowledging = true
    await until(() => site.edge.status().journal.entries === 0, 'an empty journal')
    expect(results(frame.commandId)).toHaveLength(1)
  })

  test('whose order was altered changes nothing', async () => {
    const frame = await control(on)
    if (frame.command.kind !== 'bmc.control') throw new Error('it is')
    const altered = {
      ...frame,
      command: { ...frame.command, what: { action: 'power', operation: 'off' } as const },
    }
    bmc.state = 'on'
    site.control.command(altered)
    expect(await answered(frame.commandId)).toMatchObject([{ outcome: 'failed', reason: 'order-altered' }])
    expect(bmc.state).toBe('on')
  })

  test('that nothing can carry out asks a person, and is done when the machine boots', async () => {
    bmc.failing.set('open', 'timeout')
    const frame = await control(on)
    site.control.command(frame)
    expect(await site.event('command.waiting')).toMatchObject({
      commandId: frame.commandId,
      message: 'n1: press its power button.',
      attempts: [{ driver: 'ipmi', reason: 'timeout' }],
    })
    await site.restart()
    await site.edge.handleBootEvent({
      kind: 'dhcp',
      atMs: 1,
      mac: machine.macs[0] ?? '',
      architectures: [7],
      isIpxe: false,
      answer: { kind: 'answered' },
    })
    expect(await answered(frame.commandId)).toMatchObject([{ outcome: 'done' }])
  })
})

describe('a deployment of a machine that has a BMC', () => {
  test('powers it on into the network by itself, once, and says so', async () => {
    const plan = makePlan({ actions: [{ action: 'restart' }] })
    const deployment = await makeDeployment(site.control.signer, machine, { plan })
    const nowSeconds = Math.floor(Date.now() / 1000)
    const netbootOrder = await site.control.signer.sign(
      {
        iss: controlPlaneId,
        aud: siteId,
        jti: deployment.deploymentId,
        iat: nowSeconds,
        exp: nowSeconds + 600,
        machineId: machine.machineId,
        bmcAddress: '10.0.0.17',
        what: { action: 'netboot', uefi: true },
        safety: 'safe',
      },
      bmcOrderType,
    )
    bmc.state = 'on'
    const bundleVersion = await site.control.setBundle({ vmlinuz: Buffer.from('kernel') })
    site.control.setState({ bundleVersion, deployments: [{ ...deployment, netbootOrder }] })
    expect(await site.event('deployment.note')).toMatchObject({
      deploymentId: deployment.deploymentId,
      stage: 'powering',
      note: expect.stringContaining('it was on, and was switched off'),
    })
    await site.edge.tick()
    await site.restart()
    await site.edge.tick()
    // What records the console opens a session, too.
    const acts = () => bmc.log.filter((call) => call !== 'open')
    expect(acts()).toEqual(['set off', 'boot pxe uefi', 'set on'])
    site.clock.aheadMs += 11 * 60_000
    await site.edge.tick()
    await until(() => bmc.log.filter((call) => call === 'boot pxe uefi').length === 2, 'another try')
  })
})
