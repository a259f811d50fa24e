import type { SiteEvent } from '@dragonfly/schema/wire'
import { describe, expect, it } from 'vitest'
import { createHarness, openTunnel, type TestEdge } from '../../testing/harness.ts'
import { tendScans } from './dispatch.ts'

const kinds = ['bmc.probe', 'bmc.scan']
const tlsPin = 'a1'.repeat(32)
const redfish = { version: '1.15.0', vendor: 'Supermicro', product: 'X12', uuid: 'u', tlsPin }
const row = (address: string, more = {}) => ({ address, ipmi: null, redfish, ...more })

async function createScanned() {
  const harness = await createHarness()
  await harness.signIn()
  const siteId = await harness.createSite()
  const edge = await harness.enrol(siteId)
  const path = `/api/v1/sites/${siteId}/bmc-scan`
  const start = (range = '10.0.0.0/28', more = {}) => harness.call('POST', path, { range, ...more })
  const look = async () => (await harness.call('GET', path)).body.scan
  const cancel = () => harness.call('POST', `${path}/cancel`)
  let seq = 0
  const connect = async (who: TestEdge = edge, commands: string[] = kinds) => {
    const tunnel = await openTunnel(harness, who, { journalId: who.edgeId, commands })
    await tunnel.next('welcome')
    const tell = async (...events: SiteEvent[]) => {
      for (const event of events) {
        const entries = [{ seq: ++seq, at: harness.clock.now, event }]
        tunnel.send({ type: 'journal', journalId: who.edgeId, entries } as never)
        await tunnel.next('ack')
      }
    }
    return { tunnel, tell }
  }
  return { harness, siteId, edge, path, start, look, cancel, connect }
}

const result = (commandId: string, outcome: 'done' | 'failed', reason?: string): SiteEvent => ({
  type: 'command.result',
  commandId,
  outcome,
  ...(reason ? { reason } : {}),
  message: 'It has ended.',
})

describe('a scan', () => {
  it('goes to one edge, shows what it finds while it runs, and what is known already', async () => {
    const { harness, siteId, edge, start, look, connect } = await createScanned()
    expect(await look()).toBeNull()
    const { tunnel, tell } = await connect()
    const { machineId } = (await harness.call('POST', '/api/v1/bmcs', { siteId, address: '10.0.0.3' })).body
    const started = await start()
    expect(started).toMatchObject({
      status: 202,
      body: {
        range: '10.0.0.1 - 10.0.0.14',
        addresses: 14,
        addressesDone: 0,
        status: 'pending',
        queued: false,
      },
    })
    const { commandId, command } = await tunnel.next('command')
    expect(command).toEqual({ kind: 'bmc.scan', first: '10.0.0.1', last: '10.0.0.14' })
    await tell(
      { type: 'bmc.scan', scanId: commandId, addressesDone: 5, rows: [row('10.0.0.3')] },
      // Nobody asked for that one.
      { type: 'bmc.scan', scanId: commandId, addressesDone: 9, rows: [row('10.0.0.2'), row('10.9.9.9')] },
    )
    expect(harness.live.filter(({ type }) => type === 'bmc-scan')).toHaveLength(3)
    expect(await look()).toMatchObject({
      status: 'pending',
      addressesDone: 9,
      edgeId: edge.edgeId,
      rows: [
        { address: '10.0.0.2', machineId: null, needsLogin: false, redfish },
        { address: '10.0.0.3', machineId, needsLogin: true },
      ],
    })
    await tell(result(commandId, 'done'), result(commandId, 'failed', 'internal'))
    expect(await look()).toMatchObject({ status: 'done', message: 'It has ended.', createdBy: 'Ada' })
    expect((await look()).rows).toHaveLength(2)
  })

  it('waits for an edge, and is sent again until it is answered', async () => {
    const { start, look, connect } = await createScanned()
    expect((await start()).body).toMatchObject({ queued: true })
    const first = await connect()
    const { commandId } = await first.tunnel.next('command')
    first.tunnel.close()
    const second = await connect()
    expect(await second.tunnel.next('command')).toMatchObject({ commandId })
    await second.tell(result(commandId, 'done'))
    second.tunnel.close()
    const third = await connect()
    third.tunnel.send({ type: 'ping' })
    await third.tunnel.next('pong')
    expect(third.tunnel.received.some(({ type }) => type === 'command')).toBe(false)
    expect(await look()).toMatchObject({ status: 'done' })
  })

  it('is not another edge’s to answer', async () => {
    const { harness, siteId, start, look, connect } = await createScanned()
    const first = await connect()
    await start()
    const { commandId } = await first.tunnel.next('command')
    const other = await connect(await harness.enrol(siteId))
    await other.tell(
      { type: 'bmc.scan', scanId: commandId, addressesDone: 14, rows: [row('10.0.0.3')] },
      result(commandId, 'done'),
    )
    expect(await look()).toMatchObject({ status: 'pending', addressesDone: 0, rows: [] })
  })

  it('is one per site: the next replaces it, but not while it runs', async () => {
    const { start, look, connect } = await createScanned()
    const { tunnel, tell } = await connect()
    await start()
    const { commandId } = await tunnel.next('command')
    expect(await start()).toMatchObject({ status: 409, body: { code: 'scan-running' } })
    await tell(
      { type: 'bmc.scan', scanId: commandId, addressesDone: 14, rows: [row('10.0.0.3')] },
      result(commandId, 'done'),
    )
    expect((await start('10.0.1.7')).body).toMatchObject({ range: '10.0.1.7', addresses: 1, rows: [] })
    // What the first one’s edge still says is of no interest.
    await tell({ type: 'bmc.scan', scanId: commandId, addressesDone: 14, rows: [row('10.0.0.4')] })
    expect((await look()).rows).toEqual([])
  })

  it('is stopped: at once while nobody has it, else when its edge says so', async () => {
    const { start, look, cancel, connect } = await createScanned()
    await start()
    expect((await cancel()).body).toMatchObject({ status: 'cancelled' })
    expect(await cancel()).toMatchObject({ status: 409, body: { code: 'scan-ended' } })
    const { tunnel, tell } = await connect()
    await start()
    const { commandId } = await tunnel.next('command')
    expect((await cancel()).body).toMatchObject({ status: 'pending', cancelling: true })
    expect(await tunnel.next('cancel-command')).toMatchObject({ commandId })
    await tell(
      { type: 'bmc.scan', scanId: commandId, addressesDone: 3, rows: [row('10.0.0.3')] },
      result(commandId, 'failed', 'cancelled'),
    )
    expect(await look()).toMatchObject({ status: 'cancelled', cancelling: false, addressesDone: 3 })
    expect((await look()).rows).toHaveLength(1)
  })

  it('is stopped though its edge was away when somebody asked for that', async () => {
    const { start, cancel, connect } = await createScanned()
    const first = await connect()
    await start()
    const { commandId } = await first.tunnel.next('command')
    first.tunnel.close()
    await cancel()
    const second = await connect()
    expect(await second.tunnel.next('cancel-command')).toMatchObject({ commandId })
  })

  it('is given up when nothing is heard of it, and says so; a late answer still counts', async () => {
    const { harness, start, look, connect } = await createScanned()
    const { tunnel, tell } = await connect()
    await start()
    const { commandId } = await tunnel.next('command')
    harness.clock.now += 100_000
    await tell({ type: 'bmc.scan', scanId: commandId, addressesDone: 3, rows: [row('10.0.0.3')] })
    harness.clock.now += 100_000
    await tendScans(harness.deps)
    expect(await look()).toMatchObject({ status: 'pending' })
    harness.clock.now += 60_000
    await tendScans(harness.deps)
    expect(await look()).toMatchObject({ status: 'failed', reason: 'no-answer' })
    await tell(result(commandId, 'done'))
    expect(await look()).toMatchObject({ status: 'done', reason: null })
  })

  it('fails where the edge does not know how', async () => {
    const { start, connect } = await createScanned()
    await connect(undefined, ['bmc.probe'])
    expect((await start()).body).toMatchObject({ status: 'failed', reason: 'edge-too-old' })
  })
})

describe('what may be scanned', () => {
  it('is no range of the internet without a confirmation, and nothing too large', async () => {
    const { start } = await createScanned()
    expect(await start('8.8.8.0/24')).toMatchObject({
      status: 409,
      body: { code: 'range-public', detail: expect.stringContaining('somebody else') },
    })
    expect((await start('8.8.8.0/24', { confirmPublic: true })).status).toBe(202)
    for (const range of ['10.0.0.0/19', '224.0.0.1', 'fd00::1', 'bmc.example.com', ''])
      expect(await start(range, { confirmPublic: true })).toMatchObject({ status: 422 })
  })

  it('is for administrators, of that site', async () => {
    const { harness, path, start, look } = await createScanned()
    await start()
    for (const role of ['viewer', 'user'] as const) {
      await harness.signInAs(role)
      expect((await start()).status).toBe(403)
      expect((await harness.call('GET', path)).status).toBe(403)
      expect((await harness.call('POST', `${path}/cancel`)).status).toBe(403)
    }
    harness.signOut()
    expect(await look()).toBeUndefined()
  })

  it('is nowhere where there is no site', async () => {
    const { harness } = await createScanned()
    for (const path of ['/api/v1/sites/nowhere/bmc-scan', '/api/v1/sites/nowhere/bmc-scan/cancel'])
      expect((await harness.call('POST', path, { range: '10.0.0.1' })).status).toBe(404)
  })
})
