import type { EdgeFrame, SiteEvent } from '@dragonfly/schema/wire'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { SpokenProtocols } from '../edge-session/greeting.ts'
import {
  type Administrator,
  connectEdge,
  enrolEdge,
  greetEdge,
  helloText,
  type Platform,
  signIn,
} from '../testing/platform.ts'
import { startWorkerPlatform } from '../testing/worker-platform.ts'

/** A control plane two versions of the protocol on: it has left the first one behind. */
const own: SpokenProtocols = { newest: 3, oldest: 2 }

/** In this process, with another version of the protocol than the rest of it. */
async function startNewerOnNode(): Promise<Platform> {
  vi.resetModules()
  vi.doMock('../../../schema/src/wire/protocol.ts', async (load) => ({
    ...(await load<object>()),
    wireProtocol: own.newest,
    oldestWireProtocol: own.oldest,
  }))
  const { startNodePlatform } = await import('../testing/platform.ts')
  return startNodePlatform()
}

const platforms = [
  ['Node', startNewerOnNode],
  ['workerd', () => startWorkerPlatform(own)],
] as const

describe.each(platforms)('a newer control plane on %s', { timeout: 120_000 }, (_name, start) => {
  let platform: Platform
  let ada: Administrator
  let sites = 0
  const createSite = async (): Promise<string> =>
    (await ada.call('POST', '/api/v1/sites', { name: `Site ${++sites}` })).body.siteId
  const closing: (() => void)[] = []

  beforeAll(async () => {
    platform = await start()
    ada = await signIn(platform)
  }, 120_000)
  afterEach(() => {
    for (const close of closing.splice(0)) close()
  })
  afterAll(async () => {
    await platform.close()
    vi.doUnmock('../../../schema/src/wire/protocol.ts')
    vi.resetModules()
  })

  const counted = async (reason: string): Promise<number> => {
    const text: string = (await ada.call('GET', '/metrics')).body
    const name = `dragonfly_tunnels_cut_total{reason="${reason}"} `
    const line = text.split('\n').find((entry) => entry.startsWith(name))
    return Number(line?.slice(name.length) ?? 0)
  }

  it.each([
    ['the version before', { protocol: 2 }, 2],
    ['its own version', { protocol: 3, oldestProtocol: 2 }, 3],
    ['a newer version that still speaks its own', { protocol: 4, oldestProtocol: 3 }, 3],
  ])('serves an edge of %s: state, events and commands', async (_version, protocols, spoken) => {
    const siteId = await createSite()
    const edge = await enrolEdge(ada, siteId)
    const said = { ...protocols, commands: ['bmc.control', 'from.the.future'], journalId: edge.edgeId }
    const { line, welcome } = await greetEdge(platform, edge, said)
    closing.push(line.terminate)
    expect(welcome).toMatchObject({ protocol: spoken, ackedSeq: 0 })
    const headers = { authorization: `Bearer ${await edge.token()}` }
    const state = await fetch(`${platform.url}/api/edge/v1/state`, { headers })
    expect(state.status).toBe(200)
    const { generation, version } = (await state.json()) as { generation: string; version: number }
    line.send(JSON.stringify({ type: 'state-applied', generation, version } satisfies EdgeFrame))
    expect((await line.next('state-changed')).version).toBe(version)
    const made = await ada.call('POST', '/api/v1/bmcs', { siteId, address: '10.0.0.17' })
    expect((await line.next('state-changed')).version).toBeGreaterThan(version)
    const { machineId } = made.body
    const asked = await ada.call('POST', `/api/v1/machines/${machineId}/power-on`)
    const { commandId } = await line.next('command')
    expect(commandId).toBe(asked.body.commandId)
    const result: SiteEvent = { type: 'command.result', commandId, outcome: 'done', message: 'It is on.' }
    const entries = [{ seq: 1, at: Date.now(), event: result }]
    line.send(JSON.stringify({ type: 'journal', journalId: edge.edgeId, entries } satisfies EdgeFrame))
    expect((await line.next('ack')).seq).toBe(1)
    expect((await ada.call('GET', `/api/v1/commands/${commandId}`)).body.status).toBe('done')
  })

  it.each([
    ['edge-too-old', 'update the edge', { protocol: 1 }],
    ['edge-too-new', 'update the control plane', { protocol: 5, oldestProtocol: 4 }],
  ] as const)('names and counts what does not fit: %s', async (reason, sentence, protocols) => {
    const before = await counted(reason)
    const siteId = await createSite()
    const edge = await enrolEdge(ada, siteId)
    const line = await connectEdge(platform, edge)
    line.send(helloText(protocols))
    const told = await line.next('incompatible')
    expect(told).toMatchObject({ reason, message: expect.stringContaining(sentence) })
    expect(await line.closed).toEqual({ code: 4409, reason: 'incompatible' })
    await expect.poll(() => counted(reason)).toBe(before + 1)
    // Somebody has to know, until one side is updated.
    const problems = async () =>
      (await ada.call('GET', `/api/v1/edges?siteId=${siteId}`)).body.items[0].problems
    await expect.poll(problems).toMatchObject([{ problem: 'protocol', message: told.message }])
    closing.push((await greetEdge(platform, edge, { protocol: own.newest })).line.terminate)
    await expect.poll(problems).toEqual([])
  })
})
