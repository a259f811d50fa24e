import { describe, expect, it } from 'vitest'
import { createHarness, openTunnel, type TestEdge } from '../../testing/harness.ts'
import { tendCommands } from './dispatch.ts'

const kinds = ['bmc.probe', 'bmc.read', 'bmc.identify', 'bmc.control']
const result = { type: 'command.result', outcome: 'done', message: 'It is on.' }

async function createSite() {
  const harness = await createHarness()
  await harness.signIn()
  const siteId = await harness.createSite()
  const edge = await harness.enrol(siteId)
  const { machineId } = (await harness.call('POST', '/api/v1/bmcs', { siteId, address: '10.0.0.17' })).body
  const connect = (who: TestEdge, commands: string[] | null = kinds) =>
    openTunnel(harness, who, { journalId: who.edgeId, ...(commands ? { commands } : {}) })
  const on = async () => (await harness.call('POST', `/api/v1/machines/${machineId}/power-on`)).body
  const look = async (commandId: string) => (await harness.call('GET', `/api/v1/commands/${commandId}`)).body
  return { harness, siteId, edge, machineId, connect, on, look }
}

describe('a command', () => {
  it('waits for an edge, is sent again until it is answered, and is answered once', async () => {
    const { harness, edge, connect, on, look } = await createSite()
    const { commandId } = await on()
    expect(await look(commandId)).toMatchObject({ status: 'pending', queued: true })
    const first = await connect(edge)
    expect(await first.next('command')).toMatchObject({ commandId })
    first.close()
    const second = await connect(edge)
    expect(await second.next('command')).toMatchObject({ commandId })
    const answer = (message: string, seq: number) =>
      second.send({
        type: 'journal',
        journalId: edge.edgeId,
        entries: [{ seq, at: harness.clock.now, event: { ...result, commandId, message } }],
      } as never)
    answer('It is on.', 1)
    await second.next('ack')
    answer('It was on already.', 2)
    await second.next('ack')
    expect(await look(commandId)).toMatchObject({ status: 'done', message: 'It is on.', queued: false })
    second.close()
    const third = await connect(edge)
    await third.next('welcome')
    third.send({ type: 'ping' })
    await third.next('pong')
    expect(third.received.some(({ type }) => type === 'command')).toBe(false)
  })

  it('belongs to the edge that was given it: no other gets it, or may answer it', async () => {
    const { harness, siteId, edge, connect, on, look } = await createSite()
    const first = await connect(edge)
    await first.next('welcome')
    const { commandId } = await on()
    await first.next('command')
    first.close()
    const other = await harness.enrol(siteId)
    const second = await connect(other)
    await second.next('welcome')
    const entries = [{ seq: 1, at: harness.clock.now, event: { ...result, commandId } }]
    second.send({ type: 'journal', journalId: other.edgeId, entries } as never)
    await second.next('ack')
    expect(second.received.some(({ type }) => type === 'command')).toBe(false)
    expect(await look(commandId)).toMatchObject({ status: 'pending' })
  })

  it('fails as no-answer after its deadline, and a late answer still counts', async () => {
    const { harness, edge, connect, on, look } = await createSite()
    const tunnel = await connect(edge)
    await tunnel.next('welcome')
    const { commandId, deadline } = await on()
    harness.clock.now = deadline + 29_000
    await tendCommands(harness.deps)
    expect(await look(commandId)).toMatchObject({ status: 'pending' })
    harness.clock.now = deadline + 31_000
    await tendCommands(harness.deps)
    expect(await look(commandId)).toMatchObject({ status: 'failed', reason: 'no-answer' })
    const entries = [{ seq: 1, at: harness.clock.now, event: { ...result, commandId } }]
    tunnel.send({ type: 'journal', journalId: edge.edgeId, entries } as never)
    await tunnel.next('ack')
    expect(await look(commandId)).toMatchObject({ status: 'done', reason: null })
  })

  it('is not sent once its deadline is past', async () => {
    const { harness, edge, connect, on } = await createSite()
    const { deadline } = await on()
    harness.clock.now = deadline + 1
    const tunnel = await connect(edge)
    await tunnel.next('welcome')
    tunnel.send({ type: 'ping' })
    await tunnel.next('pong')
    expect(tunnel.received.some(({ type }) => type === 'command')).toBe(false)
  })

  it('fails as edge-too-old where the edge does not know it', async () => {
    const { edge, connect, on, look } = await createSite()
    const tunnel = await connect(edge, null)
    await tunnel.next('welcome')
    const { commandId } = await on()
    expect(await look(commandId)).toMatchObject({
      status: 'failed',
      reason: 'edge-too-old',
      message: expect.stringContaining('update it'),
    })
  })

  it('waits for a person, and is done when one says so', async () => {
    const { harness, edge, connect, on, look } = await createSite()
    const tunnel = await connect(edge)
    await tunnel.next('welcome')
    const { commandId, deadline } = await on()
    expect((await harness.call('POST', `/api/v1/commands/${commandId}/confirm`)).status).toBe(409)
    const event = { type: 'command.waiting', commandId, message: 'web-1: press its power button.' }
    const entries = [{ seq: 1, at: harness.clock.now, event }]
    tunnel.send({ type: 'journal', journalId: edge.edgeId, entries } as never)
    await tunnel.next('ack')
    harness.clock.now = deadline + 3600_000
    await tendCommands(harness.deps)
    expect(await look(commandId)).toMatchObject({ status: 'pending', waitingFor: event.message })
    const waiting = async () => (await harness.call('GET', '/api/v1/commands?waiting=true')).body.items
    await on()
    expect(await waiting()).toMatchObject([{ commandId }])
    const done = await harness.call('POST', `/api/v1/commands/${commandId}/confirm`)
    expect(done).toMatchObject({ status: 200, body: { status: 'done', waitingFor: null } })
    expect(await waiting()).toEqual([])
  })

  it('is seen by those who may see its site', async () => {
    const { harness, machineId, on } = await createSite()
    const { commandId } = await on()
    const list = async () => (await harness.call('GET', `/api/v1/commands?machineId=${machineId}`)).body.items
    expect(await list()).toMatchObject([{ commandId, createdBy: 'Ada' }])
    await harness.signInAs('viewer')
    expect((await list()).length).toBe(1)
  })
})
