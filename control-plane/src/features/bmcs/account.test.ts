import { createRecoveryKey, sealFor } from '@dragonfly/schema/sealing'
import { expect, it } from 'vitest'
import { createHarness, inventory, openTunnel } from '../../testing/harness.ts'

const commands = ['bmc.probe', 'bmc.create-account']

async function createInRamdisk() {
  const harness = await createHarness()
  await harness.signIn()
  const siteId = await harness.createSite()
  const edge = await harness.enrol(siteId)
  const mac = '52:54:00:00:00:01'
  const body = { siteId, mac, name: 'n1' }
  const { machineId } = (await harness.call('POST', '/api/v1/machines', body)).body
  const tunnel = await openTunnel(harness, edge, { commands })
  await tunnel.next('welcome')
  let seq = 0
  const tell = async (event: Record<string, unknown>) => {
    const entries = [{ seq: ++seq, at: harness.clock.now, event }]
    tunnel.send({ type: 'journal', journalId: 'journal-1', entries } as never)
    await tunnel.next('ack')
  }
  const ask = () => harness.call('POST', `/api/v1/machines/${machineId}/bmc/account`)
  return { harness, siteId, edge, tunnel, tell, machineId, mac, ask }
}

it('an account that the ramdisk made is how the BMC is reached, and it is looked at at once', async () => {
  const { harness, siteId, tunnel, tell, machineId, mac, ask } = await createInRamdisk()
  expect(await ask()).toMatchObject({ status: 409, body: { code: 'not-in-ramdisk' } })
  await tell({
    type: 'machine.inventory',
    machineId,
    mac,
    address: '10.0.0.9',
    inventory: inventory({ mac }),
  })
  await tell({ type: 'machine.ramdisk', machineId, mac, connected: true })
  // Another edge of the site, at which the ramdisk is not.
  const other = await openTunnel(harness, await harness.enrol(siteId), { commands })
  await other.next('welcome')
  expect(await ask()).toMatchObject({ status: 202 })
  const frame = await tunnel.next('command')
  expect(frame.command).toMatchObject({ kind: 'bmc.create-account', machineId, bmc: null })
  expect(other.received.filter(({ type }) => type === 'command')).toEqual([])

  const { kid, publicJwk: jwk } = await createRecoveryKey()
  const address = '10.0.0.17'
  const typed = { format: 1 as const, siteId, machineId, address, username: 'dragonfly', password: 'x' }
  const sealed = await sealFor(typed, [{ kid, jwk }])
  const detail = { kind: 'account', address, username: 'dragonfly' }
  const { commandId } = frame
  await tell({ type: 'command.result', commandId, outcome: 'done', detail, sealed })
  expect((await harness.call('GET', `/api/v1/machines/${machineId}/bmc`)).body).toMatchObject({
    address,
    hasCredentials: true,
    protocol: 'auto',
  })
  expect(await Promise.race([tunnel.next('command'), other.next('command')])).toMatchObject({
    command: { kind: 'bmc.probe', bmc: { address, credentials: sealed } },
  })
  expect(JSON.stringify((await harness.call('GET', '/api/v1/commands')).body)).not.toContain(
    sealed.ciphertext,
  )
})

it('a locked machine’s BMC is left alone', async () => {
  const { harness, tell, machineId, mac, ask } = await createInRamdisk()
  await tell({ type: 'machine.ramdisk', machineId, mac, connected: true })
  await harness.call('POST', `/api/v1/machines/${machineId}/lock`, { reason: 'Photographs.' })
  expect(await ask()).toMatchObject({ status: 409 })
})

it('a BMC that is another record’s gets no account by this one', async () => {
  const { harness, siteId, tell, machineId, mac, ask } = await createInRamdisk()
  const bmc = { address: '10.0.0.17', mac: null, firmware: null }
  const shown = { ...inventory({ mac }), bmc }
  await tell({ type: 'machine.inventory', machineId, mac, address: '10.0.0.9', inventory: shown })
  await tell({ type: 'machine.ramdisk', machineId, mac, connected: true })
  await harness.call('POST', '/api/v1/bmcs', { siteId, address: '10.0.0.17', name: 'bmc-17' })
  const refused = await ask()
  expect(refused).toMatchObject({ status: 409, body: { code: 'bmc-taken' } })
  expect(refused.body.detail).toContain('bmc-17')
})
