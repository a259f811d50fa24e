import { createRecoveryKey, sealFor } from '@dragonfly/schema/sealing'
import { decodeJwt } from 'jose'
import { expect, it } from 'vitest'
import { createHarness, openTunnel } from '../../testing/harness.ts'

const commands = ['bmc.probe', 'bmc.default-login']
const address = '10.0.0.17'

async function createAdopted() {
  const harness = await createHarness()
  await harness.signIn()
  const siteId = await harness.createSite()
  const edge = await harness.enrol(siteId)
  const { machineId } = (await harness.call('POST', '/api/v1/bmcs', { siteId, address })).body
  const tunnel = await openTunnel(harness, edge, { commands })
  await tunnel.next('welcome')
  let seq = 0
  const tell = async (event: Record<string, unknown>) => {
    const entries = [{ seq: ++seq, at: harness.clock.now, event }]
    tunnel.send({ type: 'journal', journalId: 'journal-1', entries } as never)
    await tunnel.next('ack')
  }
  const path = `/api/v1/machines/${machineId}/bmc`
  const ask = () => harness.call('POST', `${path}/default-login`)
  const look = async () => (await harness.call('GET', path)).body
  return { harness, siteId, tunnel, tell, machineId, path, ask, look }
}

it('keeps what the site was let in with, looks at the BMC with it, and says that it is the default', async () => {
  const { harness, siteId, tunnel, tell, machineId, path, ask, look } = await createAdopted()
  expect(await ask()).toMatchObject({ status: 202, body: { title: 'Try the maker’s default login' } })
  const { commandId, command } = await tunnel.next('command')
  if (command.kind !== 'bmc.default-login') throw new Error(command.kind)
  expect(decodeJwt(command.order)).toMatchObject({
    jti: commandId,
    machineId,
    bmcAddress: address,
    what: { action: 'default-login' },
  })
  const { kid, publicJwk: jwk } = await createRecoveryKey()
  const typed = { format: 1 as const, siteId, machineId, address, username: 'root', password: 'calvin' }
  const sealed = await sealFor(typed, [{ kid, jwk }])
  const detail = { kind: 'default-login', address, username: 'root', driver: 'redfish' }
  await tell({ type: 'command.result', commandId, outcome: 'done', detail, sealed })
  expect(await look()).toMatchObject({ hasCredentials: true, hasDefaultLogin: true })
  expect(await tunnel.next('command')).toMatchObject({ command: { kind: 'bmc.probe' } })
  expect(await ask()).toMatchObject({ status: 409, body: { code: 'has-credentials' } })
  const shown = await Promise.all([harness.call('GET', '/api/v1/commands'), harness.call('GET', path)])
  expect(JSON.stringify(shown)).not.toContain(sealed.ciphertext)
  await harness.call('PUT', path, { address, protocol: 'ipmi' })
  expect(await look()).toMatchObject({ hasDefaultLogin: true })
  await harness.call('PUT', path, { address, credentials: sealed })
  expect(await look()).toMatchObject({ hasDefaultLogin: false })
})

it('is for administrators, for machines that are not locked and have a BMC', async () => {
  const { harness, siteId, machineId, path, ask } = await createAdopted()
  await harness.call('POST', `/api/v1/machines/${machineId}/lock`, {})
  expect(await ask()).toMatchObject({ status: 409, body: { code: 'machine-locked' } })
  await harness.call('DELETE', path)
  await harness.call('POST', `/api/v1/machines/${machineId}/unlock`)
  expect((await ask()).status).toBe(404)
  const mac = '52:54:00:00:00:01'
  const woken = { siteId, address: mac, protocol: 'wake-on-lan' }
  const other = (await harness.call('POST', '/api/v1/bmcs', woken)).body.machineId
  expect((await harness.call('POST', `/api/v1/machines/${other}/bmc/default-login`)).status).toBe(409)
  await harness.signInAs('user')
  expect((await ask()).status).toBe(403)
})
