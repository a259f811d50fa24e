import { edges, machineLog } from '@dragonfly/schema/db'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Administrator,
  connectEdge,
  enrolEdge,
  greetEdge,
  helloText,
  type Platform,
  signIn,
  startNodePlatform,
} from '../testing/platform.ts'
import { startWorkerPlatform } from '../testing/worker-platform.ts'

/** What every platform has to do in the same way: tried on each, by its network and its ports. */
const platforms = [
  ['Node', startNodePlatform],
  ['workerd', startWorkerPlatform],
] as const

describe.each(platforms)('on %s', { timeout: 30_000 }, (_name, start) => {
  let platform: Platform
  let ada: Administrator

  beforeAll(async () => {
    platform = await start()
    ada = await signIn(platform)
  }, 60_000)
  afterAll(() => platform.close())

  let sites = 0
  async function createSite(): Promise<string> {
    return (await ada.call('POST', '/api/v1/sites', { name: `Site ${++sites}` })).body.siteId
  }
  const present = async (siteId: string) =>
    (await platform.port<{ edgeId: string }[]>('connections', 'ofSite', siteId)).map(({ edgeId }) => edgeId)
  const connected = () => platform.port<string[]>('connections', 'connected')

  describe('edge connections', () => {
    it('knows who has a tunnel and what they can do, asleep or awake', async () => {
      const siteId = await createSite()
      const pair = [await enrolEdge(ada, siteId), await enrolEdge(ada, siteId)]
      const lines = []
      for (const edge of pair.toReversed())
        lines.push((await greetEdge(platform, edge, { commands: ['console', 'power'] })).line)
      const expected = pair.map(({ edgeId }) => edgeId).sort()
      expect(await present(siteId)).toEqual(expected)
      await platform.sleep(siteId)
      expect(await platform.port('connections', 'ofSite', siteId)).toEqual(
        expected.map((edgeId) => ({ edgeId, siteId, commands: ['console', 'power'] })),
      )
      expect(await connected()).toEqual(expect.arrayContaining(expected))
      for (const line of lines) line.close()
      await expect.poll(() => present(siteId)).toEqual([])
      await expect.poll(connected).not.toEqual(expect.arrayContaining([expected[0]]))
    })

    it('does not count who has not said hello, and refuses what comes before it', async () => {
      const siteId = await createSite()
      const line = await connectEdge(platform, await enrolEdge(ada, siteId))
      expect(await present(siteId)).toEqual([])
      line.send(JSON.stringify({ type: 'state-applied', generation: 'x', version: 1 }))
      expect(await line.closed).toEqual({ code: 4400, reason: 'hello comes first' })
    })

    it('sends to one edge, to all of a site, and to nobody else', async () => {
      const siteId = await createSite()
      const [one, other] = [await enrolEdge(ada, siteId), await enrolEdge(ada, siteId)]
      const stranger = await greetEdge(platform, await enrolEdge(ada, await createSite()))
      const [first, second] = [await greetEdge(platform, one), await greetEdge(platform, other)]
      await platform.sleep(siteId)
      await platform.port('connections', 'send', one, { type: 'observe-dhcp' })
      await first.line.next('observe-dhcp')
      const changed = { type: 'state-changed', generation: 'g', version: 77 }
      await platform.port('connections', 'sendToSite', siteId, changed)
      for (const { line } of [first, second]) await expect.poll(() => line.received).toContainEqual(changed)
      await platform.port('connections', 'send', { ...one, edgeId: 'gone' }, { type: 'observe-dhcp' })
      expect(second.line.received).not.toContainEqual({ type: 'observe-dhcp' })
      expect(stranger.line.received).not.toContainEqual(changed)
    })

    it('closes the tunnel that an edge had before, and keeps the new one', async () => {
      const siteId = await createSite()
      const edge = await enrolEdge(ada, siteId)
      const { line: old } = await greetEdge(platform, edge)
      await platform.sleep(siteId)
      const { line } = await greetEdge(platform, edge)
      expect(await old.closed).toEqual({ code: 4401, reason: 'replaced by a newer tunnel' })
      await expect.poll(() => present(siteId)).toEqual([edge.edgeId])
      expect(await connected()).toContain(edge.edgeId)
      line.close()
    })

    it('answers a keep-alive, asleep or awake', async () => {
      const siteId = await createSite()
      const { line } = await greetEdge(platform, await enrolEdge(ada, siteId))
      line.send(JSON.stringify({ type: 'ping' }))
      await line.next('pong')
      await platform.sleep(siteId)
      line.send(JSON.stringify({ type: 'ping' }))
      await line.next('pong')
    })

    it('cuts a revoked edge within a second, and refuses it with a signed statement', async () => {
      const siteId = await createSite()
      const edge = await enrolEdge(ada, siteId)
      const { line } = await greetEdge(platform, edge)
      await platform.sleep(siteId)
      const revokedAt = Date.now()
      const answer = ada.call('DELETE', `/api/v1/edges/${edge.edgeId}`)
      expect(await line.closed).toEqual({ code: 4401, reason: 'revoked' })
      expect(Date.now() - revokedAt).toBeLessThan(1000)
      expect((await answer).status).toBe(204)
      expect(await present(siteId)).toEqual([])
      const headers = { authorization: `Bearer ${await edge.token()}` }
      const refused = await fetch(`${platform.url}/api/edge/v1/state`, { headers })
      expect(refused.status).toBe(401)
      expect(refused.headers.get('x-dragonfly-revocation')).toMatch(/^ey/)
      await expect(connectEdge(platform, edge)).rejects.toThrow('401')
    })

    it('lets no edge in that was revoked between its request and its hello', async () => {
      const siteId = await createSite()
      const edge = await enrolEdge(ada, siteId)
      const line = await connectEdge(platform, edge)
      await platform.db.update(edges).set({ revokedAt: Date.now() }).where(eq(edges.edgeId, edge.edgeId))
      line.send(helloText())
      expect(await line.closed).toEqual({ code: 4401, reason: 'revoked' })
    })

    it('loses nothing and doubles nothing of a journal that is cut off and sent again', async () => {
      const siteId = await createSite()
      const edge = await enrolEdge(ada, siteId)
      const mac = '52:54:00:00:00:01'
      const { machineId } = (await ada.call('POST', '/api/v1/machines', { siteId, mac })).body
      const entries = (from: number, to: number) =>
        Array.from({ length: to - from + 1 }, (_, index) => {
          const line = { at: Date.now(), level: 'info', text: `line ${from + index}` }
          const event = { type: 'log', machineId, deploymentId: null, mac, lines: [line] }
          return { seq: from + index, at: line.at, event }
        })
      const journal = (from: number, to: number) =>
        JSON.stringify({ type: 'journal', journalId: 'journal-1', entries: entries(from, to) })
      let { line } = await greetEdge(platform, edge)
      line.send(journal(1, 5))
      expect((await line.next('ack')).seq).toBe(5)
      await platform.sleep(siteId)
      line.send(journal(6, 10))
      // Cut at some point of it: what was acknowledged by then is in the database.
      if (platform.evict) await platform.evict(siteId)
      else line.close()
      await line.closed
      const again = await greetEdge(platform, edge)
      line = again.line
      expect(again.welcome.ackedSeq).toBeGreaterThanOrEqual(5)
      line.send(journal(again.welcome.ackedSeq + 1, 20))
      line.send(journal(3, 20))
      expect((await line.next('ack')).seq).toBe(20)
      expect((await line.next('ack')).seq).toBe(20)
      const rows = await platform.db.select().from(machineLog).orderBy(machineLog.id)
      expect(rows.filter((row) => row.machineId === machineId).map(({ text }) => text)).toEqual(
        Array.from({ length: 20 }, (_, index) => `line ${index + 1}`),
      )
    })
  })
})
